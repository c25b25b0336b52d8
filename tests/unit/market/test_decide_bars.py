"""What a ready bar leads to."""

# covers: app.market.decide, app.market.alerts.shift

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from app.market.commands import RecordedPrice, RecordPrice, RepeatRegime
from app.market.decide import decide
from app.market.decide_price import price_event_id
from app.market.detector.anchored import ANCHORED
from app.market.state import initial
from events.catalog import (
    AlertKind,
    NoticeKind,
    PriceAlert,
    PriceUpdate,
    Regime,
    RegimeUpdate,
    SystemNotice,
)
from events.ids import tick_event_id
from tests.unit.market.builders import (
    START,
    bar,
    bars,
    evolve_all,
    expected_versions,
    falling,
    flat,
    play,
    regimes,
)

REPEAT_ID = UUID(int=7)


def test_a_new_bar_gives_its_price_and_its_final_regime() -> None:
    tick = bar("100.50")
    price, regime = decide(initial(), RecordPrice(tick, "import"))
    assert isinstance(price.payload, PriceUpdate)
    assert (price.payload.price, price.payload.corrects) == (Decimal("100.50"), None)
    assert isinstance(regime.payload, RegimeUpdate)
    assert regime.payload.previous_regime is None
    assert not regime.payload.provisional
    assert regime.payload.timestamp == price.payload.timestamp == START


def test_the_update_says_which_detector_made_it() -> None:
    update = regimes(flat(play([bar("100")])[1]))[0]
    assert update.detector.model_dump() == {
        "name": ANCHORED.name,
        "version": ANCHORED.version,
        "constants_hash": ANCHORED.constants_hash,
    }
    assert set(update.features) == {"trend", "t50", "dv", "m126", "high21", "low42", "vol"}


def test_a_shift_raises_an_alert_and_previous_regimes_chain() -> None:
    _, batches = play(bars(falling()))
    updates = regimes(flat(batches))
    assert [u.previous_regime for u in updates[1:]] == [u.regime for u in updates[:-1]]
    shifts = [u for u in updates[1:] if u.regime is not u.previous_regime]
    alerts = [
        event.payload
        for event in flat(batches)
        if isinstance(event.payload, PriceAlert) and event.payload.kind is AlertKind.REGIME_SHIFT
    ]
    assert shifts
    assert [a.timestamp for a in alerts] == [u.timestamp for u in shifts]


def test_ids_and_causes_follow_from_the_tick() -> None:
    ticks = bars(falling())
    _, batches = play(ticks, source="feed:test")
    tick, batch = next(
        (tick, batch[:3])
        for tick, batch in zip(ticks, batches, strict=True)
        if any(getattr(event.payload, "rule_id", "") == "regime_shift" for event in batch)
    )
    payload = batch[0].payload
    assert isinstance(payload, PriceUpdate)
    rules = ("price", "regime", "alert:regime_shift")
    ids = [tick_event_id("feed:test", "SPX", payload.timestamp, payload.price, r) for r in rules]
    assert [event.event_id for event in batch] == ids
    assert price_event_id(tick, "feed:test") == ids[0]
    assert [event.causation_id for event in batch] == [None, ids[0], ids[1]]
    assert {event.correlation_id for event in batch} == {ids[0]}


def test_the_same_bar_again_gives_nothing() -> None:
    state, _ = play([bar("100")])
    assert decide(state, RecordPrice(bar("100.00"), "import")) == ()


def test_an_older_price_that_is_recorded_already_gives_nothing() -> None:
    state, batches = play(bars(["100", "101"]))
    found = RecordedPrice(batches[0][0].event_id, Decimal(100))
    assert decide(state, RecordPrice(bar("100"), "import", found)) == ()


def test_a_revised_price_names_what_it_corrects_and_changes_no_regime() -> None:
    state, batches = play(bars(["100", "101"]))
    found = RecordedPrice(batches[0][0].event_id, Decimal(100))
    event, notice = decide(state, RecordPrice(bar("99"), "import", found))
    assert isinstance(event.payload, PriceUpdate)
    assert isinstance(notice.payload, SystemNotice)
    assert notice.payload.text == (
        "the price of SPX at 2020-01-06T21:00:00.000000Z is 99, and was 100; no regime of the past changes"
    )
    assert notice.payload.details["reason"] == "revised"
    assert notice.causation_id == event.event_id
    assert event.payload.corrects == str(batches[0][0].event_id)


def test_a_late_price_without_a_recorded_one_corrects_nothing() -> None:
    state, _ = play([bar("100"), bar("101", day=2)])
    (event,) = decide(state, RecordPrice(bar("99", day=1), "import"))
    assert isinstance(event.payload, PriceUpdate)
    assert event.payload.corrects is None


def test_a_late_price_of_a_feed_is_told_as_a_correction() -> None:
    state, _ = play([bar("100"), bar("101", day=2)])
    price, notice = decide(state, RecordPrice(bar("99", day=1), "feed:f"))
    assert isinstance(notice.payload, SystemNotice)
    assert notice.payload.kind is NoticeKind.CORRECTION
    assert notice.payload.details == {
        "reason": "late",
        "symbol": "SPX",
        "price": "99",
        "before": None,
        "event_id": str(price.event_id),
        "corrects": None,
    }
    assert notice.payload.timestamp == price.payload.timestamp


def test_late_prices_count_but_change_nothing_else() -> None:
    state, _ = play([bar("100"), bar("101", day=2)])
    late = decide(state, RecordPrice(bar("50", day=1), "import"))
    after = evolve_all(state, late)
    command = RecordPrice(bar("102", day=3), "import")
    assert decide(after, command) == decide(state, command)
    assert expected_versions(state, command) == {"prices:SPX": 2, "system:synapse": 0}
    assert expected_versions(after, command) == {"prices:SPX": 3, "system:synapse": 0}


def test_a_symbol_without_prices_is_expected_not_to_exist() -> None:
    command = RecordPrice(bar("100"), "import")
    assert expected_versions(initial(), command) == {"prices:SPX": 0, "system:synapse": 0}


def test_a_repeat_says_the_last_final_reading_again() -> None:
    state, batches = play(bars(falling()))
    last = regimes(batches[-1])[0]
    command = RepeatRegime("SPX", REPEAT_ID, "simulated")
    (event,) = decide(state, command)
    assert isinstance(event.payload, RegimeUpdate)
    assert event.payload == last.model_copy(update={"previous_regime": last.regime})
    assert (event.event_id, event.source) == (REPEAT_ID, "simulated")
    assert expected_versions(state, command) == {"prices:SPX": len(batches)}


def test_there_is_nothing_to_repeat_before_the_first_reading() -> None:
    assert decide(initial(), RepeatRegime("SPX", REPEAT_ID, "simulated")) == ()


def test_symbols_do_not_touch_one_another() -> None:
    alone, _ = play(bars(["100", "101", "90"]))
    mixed, _ = play(
        [bar("100"), bar("7", symbol="IXIC"), bar("101", 1), bar("9", 1, "IXIC"), bar("90", 2)]
    )
    assert mixed.of("SPX") == alone.of("SPX")


def test_a_bar_of_any_length_is_one_step_of_the_detector() -> None:
    minute = bar("100", bar_s=60)
    later = minute.model_copy(update={"timestamp": START + timedelta(minutes=1)})
    state, _ = play([minute, later])
    assert state.of("SPX").detector.bars == 2
    assert state.of("SPX").reading is not None
    assert regimes(flat(play([minute, later])[1]))[-1].regime is Regime.BULL
