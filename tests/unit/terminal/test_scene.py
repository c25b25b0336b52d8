from app.terminal.scene import RECENT_KEPT, Scene
from events.catalog import AlertKind, Regime
from tests.unit.terminal.told import DAY, START, alert, portfolio, price, regime, trade

BEAR, CRASH = Regime.BEAR, Regime.CRASH


def test_a_regime_is_of_the_bar_that_closed_with_it() -> None:
    scene = Scene()
    for event in (price(100, 0), regime(BEAR, None, 0), price(90, 1), regime(CRASH, BEAR, 1)):
        scene.add(event)
    scene.add(price(95, 2))
    track = scene.tracks["SPX"]
    assert [point.regime for point in track.points] == [BEAR, CRASH, CRASH]
    assert track.change == 95 / 90 - 1
    assert track.since == START + DAY
    assert scene.market_time == START + 2 * DAY
    assert scene.shifts == 1


def test_what_was_before_the_beginning_is_seen_and_not_counted() -> None:
    scene = Scene()
    scene.begin([price(100, 0), regime(CRASH, BEAR, 0), trade()])
    assert [type(each.payload).__name__ for each in scene.recent] == [
        "RegimeUpdate",
        "TradeExecution",
    ]
    assert (scene.shifts, scene.position) == (0, 0)
    assert scene.tracks["SPX"].regime is not None


def test_provisional_regimes_and_late_prices_change_nothing() -> None:
    scene = Scene()
    for event in (price(100, 5), regime(BEAR, None, 5)):
        scene.add(event)
    for event in (regime(CRASH, BEAR, 5, provisional=True), price(1, 2), price(2, 5, corrects="x")):
        scene.add(event)
    track = scene.tracks["SPX"]
    assert [point.price for point in track.points] == [100]
    assert track.regime is not None
    assert track.regime.regime is BEAR
    assert scene.market_time == START + 5 * DAY


def test_news_are_shifts_alerts_and_trades_and_no_shift_is_told_twice() -> None:
    scene = Scene()
    told = [regime(CRASH, BEAR), alert(), trade()]
    twice = alert(kind=AlertKind.REGIME_SHIFT)
    for event in (told[0], twice, *told[1:], price(1), portfolio(), regime(CRASH, CRASH)):
        scene.add(event)
    assert list(scene.recent) == told
    assert list(scene.portfolios) == ["main"]
    for _ in range(RECENT_KEPT + 5):
        scene.add(trade())
    assert len(scene.recent) == RECENT_KEPT
