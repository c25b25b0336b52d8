"""What bare ticks lead to: provisional regimes within a UTC day, a final one when the day is over."""

# covers: app.market.state, app.market.decide

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.market.commands import RecordPrice, RepeatRegime
from app.market.decide import decide
from app.market.state import MarketState
from events.catalog import PriceUpdate, Regime, RegimeUpdate
from tests.unit.market.builders import (
    DAY,
    bar,
    bars,
    evolve_all,
    falling,
    flat,
    play,
    regimes,
    tick,
)

MORNING = datetime(2020, 1, 6, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def before_the_fall() -> tuple[MarketState, str, datetime]:
    """A calm market in BULL, its last close, and the morning after."""
    prices = falling(fall=0)
    state, batches = play(bars(prices))
    assert regimes(batches[-1])[0].regime is Regime.BULL
    last = flat(batches)[-1].payload.timestamp
    return state, prices[-1], last.replace(hour=9) + DAY


def test_the_very_first_tick_shows_a_provisional_regime() -> None:
    _, ((price, shown),) = play([tick("100", MORNING)])
    assert isinstance(price.payload, PriceUpdate)
    assert price.payload.bar_s is None
    assert isinstance(shown.payload, RegimeUpdate)
    assert shown.payload.provisional
    assert shown.payload.previous_regime is None
    assert shown.causation_id == shown.correlation_id == price.event_id


def test_further_ticks_show_only_what_changed() -> None:
    _, batches = play([tick("100", MORNING), tick("100.1", MORNING + HOUR)])
    assert [len(batch) for batch in batches] == [2, 1]


def test_a_provisional_regime_comes_and_goes_and_moves_no_state() -> None:
    state, price, at = before_the_fall()
    half = f"{float(price) * 0.75:.4f}"
    after, batches = play(
        [tick(half, at), tick(half, at + HOUR), tick(price, at + 2 * HOUR)], state
    )
    shown = [regimes(batch) for batch in batches]
    assert [len(each) for each in shown] == [1, 0, 1]
    assert shown[0][0].regime is not Regime.BULL
    assert shown[2][0].regime is Regime.BULL
    assert all(u.provisional and u.previous_regime is Regime.BULL for u in flat_updates(shown))
    assert after.of("SPX").detector == state.of("SPX").detector


def flat_updates(shown: list[list[RegimeUpdate]]) -> list[RegimeUpdate]:
    return [update for each in shown for update in each]


def test_the_first_tick_of_a_later_day_closes_the_bar_first() -> None:
    state, (_, _, batch) = play(
        [tick("100", MORNING), tick("102", MORNING + HOUR), tick("103", MORNING + DAY)]
    )
    closed, price = batch
    assert isinstance(closed.payload, RegimeUpdate)
    assert not closed.payload.provisional
    assert closed.payload.timestamp == datetime(2020, 1, 7, tzinfo=UTC) <= price.payload.timestamp
    assert closed.correlation_id == price.event_id
    assert closed.causation_id is None
    assert state.of("SPX").detector.bars == 1


def test_a_closed_day_reads_like_a_ready_bar_at_its_last_price() -> None:
    ticked, _ = play(
        [tick("100", MORNING), tick("102", MORNING + HOUR), tick("99", MORNING + 3 * DAY)]
    )
    ready, _ = play([bar("102")])
    assert ticked.of("SPX").detector == ready.of("SPX").detector
    assert ticked.of("SPX").reading == ready.of("SPX").reading


def test_a_shift_at_the_days_end_raises_its_alert_before_the_new_price() -> None:
    state, price, at = before_the_fall()
    half = f"{float(price) * 0.75:.4f}"
    last = tick(half, at)
    _, batches = play([last, tick(half, at + DAY)], state)
    closed, alert, new_price = batches[1][:3]
    assert [event.event_type.name for event in batches[1][:3]] == [
        "regime_update",
        "price_alert",
        "price_update",
    ]
    assert alert.causation_id == closed.event_id
    assert alert.correlation_id == new_price.event_id
    midnight = (at + DAY).replace(hour=0)
    assert closed.payload.timestamp == midnight
    assert closed.event_id != new_price.event_id


def test_a_ready_bar_stands_for_the_ticks_within_it() -> None:
    state, _ = play([tick("100", MORNING), bar("101")])
    assert state.of("SPX").detector.bars == 1
    other = play([tick("55", MORNING), bar("101")])[0].of("SPX")
    assert other.detector == state.of("SPX").detector
    assert other.reading == state.of("SPX").reading


def test_a_ready_bar_after_a_day_of_ticks_closes_that_day_first() -> None:
    state, (_, batch) = play([tick("100", MORNING), bar("101", day=3)])
    first, _, second = batch
    assert first.payload.timestamp == datetime(2020, 1, 7, tzinfo=UTC)
    assert isinstance(second.payload, RegimeUpdate)
    assert second.payload.previous_regime is Regime.BULL
    assert state.of("SPX").detector.bars == 2


def test_a_short_bar_later_that_day_closes_the_ticks_before_its_start() -> None:
    state, (_, batch) = play([tick("100", MORNING), bar("101", bar_s=60)])
    assert batch[0].payload.timestamp == bar("101").timestamp - timedelta(seconds=60)
    assert state.of("SPX").detector.bars == 2


def test_a_repeat_while_a_bar_is_open_is_provisional() -> None:
    state, price, at = before_the_fall()
    state, _ = play([tick(f"{float(price) * 0.75:.4f}", at)], state)
    (event,) = decide(state, RepeatRegime("SPX", UUID(int=7), "feed:f"))
    update = event.payload
    assert isinstance(update, RegimeUpdate)
    assert update.provisional
    assert update.timestamp == at
    assert update.previous_regime is Regime.BULL
    assert update.regime is not Regime.BULL


def test_the_same_tick_again_gives_nothing() -> None:
    state, _ = play([tick("100", MORNING)])
    assert decide(state, RecordPrice(tick("100", MORNING), "import")) == ()


def test_the_same_time_with_another_price_is_late() -> None:
    state, _ = play([tick("100", MORNING)])
    late = decide(state, RecordPrice(tick("101", MORNING), "import"))
    assert [event.event_type.name for event in late] == ["price_update"]
    after = evolve_all(state, late).of("SPX")
    assert (after.last_price, after.prices_version) == (state.of("SPX").last_price, 2)


def test_the_edges_of_the_calendar_are_no_obstacle() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    last = datetime(9999, 12, 31, tzinfo=UTC)
    ready = bar("3").model_copy(update={"timestamp": first + 2 * HOUR})
    end = bar("5").model_copy(update={"timestamp": last + 2 * HOUR, "bar_s": 60})
    state, _ = play([tick("2", first), ready, tick("4", last), end])
    assert state.of("SPX").prices_version == 4
