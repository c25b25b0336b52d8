"""Episodes tile a symbol's time; their figures are made of closes, and of nothing that came late."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import log, prod, sqrt
from statistics import stdev
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market import episodes
from app.market.episodes import Episode, Episodes, SymbolEpisodes
from events.catalog import Payload
from events.envelope import RecordedEvent
from events.projection import Folded, Projection, fold, freeze, take, thaw
from tests.unit.market.builders import DAY, START, bars, falling, flat, play, recorded
from tests.unit.market.episode_logs import ALL, logs, price, regime

PROJECTION: Projection[Episodes] = episodes


def day(close: str, of: str, number: float, **more: Any) -> list[Payload]:
    """A ready bar and the regime at its close."""
    at = START + number * DAY
    return [price(at, close), regime(at, of, **more)]


def log_of(made: Iterable[Payload], source: str = "import") -> list[RecordedEvent]:
    return [recorded(each, position, source) for position, each in enumerate(made, start=1)]


def by_hand(payload: Payload, position: int) -> RecordedEvent:
    return recorded(payload, position, "manual")


def told(events: Sequence[RecordedEvent], symbol: str = "SPX") -> list[Episode]:
    return fold(PROJECTION, events)[symbol].episodes()


def us(number: float) -> int:
    return recorded(price(START + number * DAY, "1")).occurred_at_us


def test_the_figures_are_those_made_by_hand() -> None:
    made = day("100", "BULL", 0, confidence=0.5) + day("110", "BULL", 1, confidence=0.75)
    made += day("99", "BULL", 2, confidence=1.0) + day("88", "BEAR", 5) + day("90", "BEAR", 6)
    first, lasting = told(log_of([*made, price(START + 6.5 * DAY, "77")]))
    assert first[:9] == ("BULL", None, 2, 8, us(0), us(5), "100", "88", 3)
    assert first.total_return == pytest.approx(-0.12)
    assert first.maximum_drawdown == pytest.approx(88 / 110 - 1)
    assert first.mean_confidence == 0.75
    # ln 1.1, ln 0.9 and ln(88 / 99): squares off their mean sum to 0.0286106; three in five days.
    assert first.volatility == pytest.approx(sqrt(0.0286106 / 2 * 3 / 5 * 365.25), rel=1e-5)
    # One return is too few; the newest price counts for what does not ask how far apart they are.
    assert lasting[:9] == ("BEAR", "BULL", 8, None, us(5), None, "88", "77", 2)
    assert lasting.total_return == pytest.approx(77 / 88 - 1)
    assert lasting.volatility is None
    assert lasting.maximum_drawdown == pytest.approx(77 / 90 - 1)


def test_provisional_updates_never_count() -> None:
    made = [*day("100", "BULL", 0), regime(START + DAY / 2, "CRASH", provisional=True)]
    assert told(log_of(made)) == told(log_of(day("100", "BULL", 0)))


@pytest.mark.parametrize(
    "late",
    [
        price(START + DAY, "1"),
        price(START - DAY, "1"),
        price(START + 2 * DAY, "1", corrects="that-one"),
    ],
)
def test_late_prices_move_nothing(late: Payload) -> None:
    before, after = day("100", "BULL", 0) + day("110", "BULL", 1), day("120", "BULL", 2)
    events = log_of([*before, late, *after])
    assert told(events) == told([*events[:4], *events[5:]])


def test_a_regime_told_again_is_no_bar() -> None:
    made = day("100", "BULL", 0) + day("110", "BULL", 1)
    again = regime(START + DAY, "BULL", confidence=0.0)
    assert told(log_of([*made, again, again])) == told(log_of(made))


def test_the_close_of_a_calendar_bar_is_the_last_tick_before_its_end() -> None:
    events = log_of(
        [
            price(START, "100"),
            regime(START + DAY, "BULL"),
            price(START + 1.1 * DAY, "104"),
            price(START + 1.2 * DAY, "102"),
            regime(START + 2 * DAY, "BEAR"),
            price(START + 2.1 * DAY, "90"),
        ]
    )
    first, lasting = told(events)
    assert (first.start_price, first.end_price, first.maximum_drawdown) == ("100", "102", 0)
    assert (lasting.start_price, lasting.end_price) == ("102", "90")


def test_a_regime_made_by_hand_counts_from_the_markets_newest_time() -> None:
    events = log_of([*day("100", "BULL", 0), *day("110", "BULL", 1)])
    for number in (-400.0, 4_000.0):
        made = [*events, by_hand(regime(START + number * DAY, "CRASH"), 5)]
        made += [each._replace(position=each.position + 5) for each in log_of(day("99", "BULL", 2))]
        first, crash, last = told(made)
        assert (first.end_us, crash.start_us, crash.end_us) == (us(1), us(1), us(2))
        assert (crash.bars, crash.source) == (0, "manual")
        assert crash.total_return == pytest.approx(-0.1)
        assert (last.bars, last.previous_regime, last.start_price) == (1, "CRASH", "99")


def test_regimes_without_a_price_have_no_figures_of_it() -> None:
    first, second = told(
        [
            by_hand(regime(START + k * DAY, each, confidence=1.0), k + 1)
            for k, each in enumerate(ALL[:2])
        ]
    )
    for each in (first, second):
        assert each.total_return is each.volatility is each.maximum_drawdown is None
        assert each.start_price is each.end_price is None
    assert (first.end_us, second.start_us, first.mean_confidence) == (us(1), us(1), 1.0)


def test_a_symbol_with_prices_alone_has_no_episode() -> None:
    assert told(log_of([price(START, "1")])) == []


def test_real_detector_updates_make_episodes() -> None:
    _, batches = play(bars(falling()))
    made = [each.payload for each in flat(batches)]
    first, *_rest, last = told(log_of(made))
    assert (first.regime, first.previous_regime, first.warming_up) == ("BULL", None, True)
    assert last.regime in {"BEAR", "CRASH"}
    assert last.total_return is not None
    assert last.total_return < 0


def test_the_oldest_episodes_of_a_symbol_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes, "EPISODES_KEPT", 3)
    made = [each for k in range(9) for each in day("100", ALL[k % 4], k)]
    state = fold(PROJECTION, log_of(made))
    assert [each.start_us for each in state["SPX"].episodes()] == [us(k) for k in (5, 6, 7, 8)]
    assert state["SPX"].ended[0].previous_regime == ALL[0]
    assert episodes.weigh(state) == 3


@pytest.mark.parametrize(
    ("since", "until", "kept"),
    [
        (None, None, [0, 1, 2]),
        (1, None, [1, 2]),
        (0.5, 0.7, [0]),
        (None, 1, [0, 1]),
        (1.5, 99, [1, 2]),
        (99, None, [2]),
        (3, 2, [2]),
        (None, -1, []),
    ],
)
def test_episodes_that_overlap_the_times_are_chosen(
    since: float | None, until: float | None, kept: list[int]
) -> None:
    made = [each for k in range(3) for each in day("100", ALL[k], k)]
    known = fold(PROJECTION, log_of(made))["SPX"]
    chosen = known.episodes(
        None if since is None else us(since), None if until is None else us(until)
    )
    assert [each.start_us for each in chosen] == [us(k) for k in kept]


def test_an_episode_without_length_overlaps_its_moment() -> None:
    events = [by_hand(regime(START, each), k) for k, each in enumerate(ALL, start=1)]
    known = fold(PROJECTION, events)["SPX"]
    assert len(known.episodes(us(0), us(0))) == 4
    assert len(known.episodes(us(1), None)) == 1


# --- any log --------------------------------------------------------------------------------------


@given(logs())
def test_episodes_tile_the_time_of_a_symbol(events: list[RecordedEvent]) -> None:
    for known in fold(PROJECTION, events).values():
        shown = known.episodes()
        assert (not shown) == (known.lasting is None)
        for before, after in pairwise(shown):
            assert (before.end_us, before.end_position) == (after.start_us, after.position)
            assert before.end_price == after.start_price
            assert before.regime == after.previous_regime != after.regime
        assert all(each.start_us <= (each.end_us or each.start_us) for each in shown)
        assert [each.end_us for each in shown[-1:]] == [None] * bool(shown)
        assert shown == sorted(shown, key=lambda each: (each.start_us, each.position))


@given(logs())
def test_figures_fit_together(events: list[RecordedEvent]) -> None:
    for symbol, known in fold(PROJECTION, events).items():
        shown = [each for each in known.episodes() if each.start_price is not None]
        if shown:
            grown = prod(1 + (each.total_return or 0) for each in shown)
            assert known.price is not None
            assert shown[0].start_price is not None
            assert grown == pytest.approx(float(known.price) / float(shown[0].start_price))
        for each in known.episodes():
            assert 0 <= each.mean_confidence <= 1
            assert -1 <= (each.maximum_drawdown or 0) <= 0
            assert (each.maximum_drawdown or 0) <= (each.total_return or 0) + 1e-12
        finals = [
            each.occurred_at_us
            for each in events
            if each.stream == f"regime:{symbol}"
            and each.source != "manual"
            and '"provisional":false' in each.payload_json
        ]
        later = [at for k, at in enumerate(finals) if at > max(finals[:k], default=at - 1)]
        assert sum(each.bars for each in known.episodes()) == len(later)


@given(st.lists(st.tuples(st.floats(0.5, 200), st.integers(1, 90)), min_size=3, max_size=30))
def test_volatility_is_that_of_the_textbook(closes: list[tuple[float, int]]) -> None:
    made, hours = list[Payload](), 0
    for close, apart in closes:
        hours += apart
        made += day(f"{close:.6f}", "BULL", hours / 24)
    [shown] = told(log_of(made))
    values = [round(close, 6) for close, _ in closes]
    returns = [log(after / before) for before, after in pairwise(values)]
    years = (hours - closes[0][1]) / 24 / 365.25
    expected = stdev(returns) * sqrt(len(returns) / years)
    assert shown.volatility == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(logs(), st.lists(st.integers(0, 60), max_size=4))
def test_a_fold_in_parts_is_the_whole_fold(events: list[RecordedEvent], cuts: list[int]) -> None:
    folded: Folded[Episodes] | None = Folded(episodes.initial())
    begin = 0
    for cut in [*sorted(cuts), len(events)]:
        assert folded is not None
        take(PROJECTION, folded, events[begin:cut])
        begin = max(begin, cut)
        folded = thaw(PROJECTION, freeze(PROJECTION, folded, ""))
    assert folded is not None
    assert folded.state == fold(PROJECTION, events)


@given(logs())
def test_folds_of_single_symbols_make_the_whole(events: list[RecordedEvent]) -> None:
    parts = [
        fold(PROJECTION, [each for each in events if each.entity == symbol])
        for symbol in ("SPX", "IXIC")
    ]
    assert episodes.merge(parts) == fold(PROJECTION, events)


def test_folds_of_one_symbol_are_not_put_together() -> None:
    events = log_of(day("100", "BULL", 0))
    with pytest.raises(ValueError, match="SPX"):
        episodes.merge([fold(PROJECTION, events[:1]), fold(PROJECTION, events[1:])])


def test_what_is_folded_can_be_saved_as_json() -> None:
    made = [each for k in range(5) for each in day("100.10", ALL[k % 4], k)]
    state = fold(PROJECTION, log_of(made))
    saved = orjson.loads(orjson.dumps(episodes.dump(state)))
    assert episodes.load(saved) == state


@pytest.mark.parametrize("other", [None, [], {"SPX": []}, {"SPX": 5}, {"SPX": [1, 2, 3, 4, 5, 6]}])
def test_what_is_no_state_is_not_loaded(other: object) -> None:
    with pytest.raises(ValueError, match="not episodes"):
        episodes.load(other)


def test_an_event_of_another_type_changes_nothing() -> None:
    stranger = log_of([price(START, "1")])[0]._replace(type="gossip")
    assert fold(PROJECTION, [stranger]) == {}
    assert SymbolEpisodes().episodes() == []
