"""What another detector would have said: no difference where there is none, and every figure beside the real one."""

# covers: app.analysis.regime_bars, app.analysis.whatif_paper, app.analysis.whatif_symbol, app.analysis.whatif_result

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from heapq import merge
from operator import attrgetter

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.regime_bars import Told, ToldEvent, told
from app.analysis.whatif import WhatIfRun, what_if
from app.analysis.whatif_result import WhatIf
from app.feeds.samples import SAMPLES
from app.market.commands import RecordPrice
from app.market.decide import consider
from app.market.detector.registry import detector, variant
from app.market.setup import MarketSetup, parse_paper
from app.market.state import MarketState, initial
from app.market.ticks import PriceTick
from app.whatif.notes import notes_of
from events.catalog import PortfolioUpdate, PriceUpdate, Regime, RegimeUpdate, TradeExecution
from events.envelope import NewEvent
from tests.unit.market.builders import (
    DAY,
    START,
    bar,
    bars,
    falling,
    flat,
    play,
    recorded,
    tick,
    tick_series,
)

PAPER = parse_paper("main=*")
QUICK = variant("sma200", {"average_bars": 3, "band": 0.0})
"""Shifts all the time, so that a few prices have many."""

OTHER = variant("sma200", {"average_bars": 5, "band": 0.01})


def as_told(events: Iterable[NewEvent]) -> list[Told]:
    return [ToldEvent(event.source, event.payload) for event in events]


def log_of(ticks: Iterable[PriceTick], setup: MarketSetup) -> list[Told]:
    """The log that a recorder with this setup makes of ticks."""
    return as_told(flat(play(ticks, initial(setup))[1]))


@pytest.fixture(scope="module")
def twenty_years() -> list[Told]:
    """The demo's log: both indices as they are imported, with its paper portfolio."""
    state: MarketState = initial(MarketSetup(paper=parse_paper("main=SPX,IXIC")))
    events: list[Told] = []
    samples = (sample.bars() for sample in SAMPLES.values())
    for each in merge(*samples, key=attrgetter("timestamp")):
        decision = consider(state, RecordPrice(each, "import"))
        state = decision.state
        events += as_told(decision.events)
    return events


def test_the_recorded_detector_makes_no_difference_on_the_demos_data(
    twenty_years: list[Told],
) -> None:
    found = what_if(twenty_years, MarketSetup(detector=variant("anchored", {"off_enter": 0.5})))
    assert found.no_difference
    assert (found.prices, found.late_prices) == (2 * 5031, 0)
    for symbol in found.symbols.values():
        assert symbol.agreement == 1
        assert (symbol.only_recorded, symbol.only_other) == (0, 0)
        assert symbol.counts["same"] == len(symbol.shifts) > 50
        assert symbol.recorded == symbol.other
        # The log's own portfolio holds two symbols; this one of each is its share, to the last digit.
        (held,) = symbol.portfolios
        assert (held.portfolio_id, held.as_shown) == ("main", True)
        assert held.trades == symbol.recorded.paper.trades


def test_both_shares_make_the_value_of_the_recorded_portfolio(twenty_years: list[Told]) -> None:
    until = datetime(2008, 10, 10, 21, tzinfo=UTC)
    found = what_if(twenty_years, MarketSetup(), datetime(2008, 1, 1, tzinfo=UTC), until)
    marks = [
        event.payload
        for event in twenty_years
        if isinstance(event.payload, PortfolioUpdate) and event.payload.timestamp <= until
    ]
    before = [mark for mark in marks if mark.timestamp.year < 2008]
    papers = [symbol.recorded.paper for symbol in found.symbols.values()]
    assert sum(paper.value_after for paper in papers) == marks[-1].total_value
    assert sum(paper.value_before for paper in papers) == before[-1].total_value


def test_what_the_200_day_average_would_have_said_in_2008(twenty_years: list[Told]) -> None:
    since, until = datetime(2007, 1, 1, tzinfo=UTC), datetime(2009, 12, 31, 23, tzinfo=UTC)
    found = what_if(twenty_years, MarketSetup(detector=detector("sma200")), since, until)
    spx = found.symbols["SPX"]
    assert not found.no_difference
    assert spx.counts == {"same": 0, "earlier": 3, "later": 0, "missed": 15, "false": 1}
    bear = next(pair for pair in spx.shifts if pair.kind == "earlier" and pair.regime == "BEAR")
    assert (bear.bars, bear.days) == (-39, -58)
    assert bear.recorded_at == datetime(2008, 1, 16, 21, tzinfo=UTC)
    assert {pair.kind for pair in spx.shifts if pair.regime is Regime.CRASH} == {"missed"}
    assert (spx.compared, spx.recorded.bars, spx.other.bars) == (756, 756, 756)
    assert sum(spent.bars for spent in spx.recorded.regimes.values()) == 756
    assert spx.recorded.paper.trades == 18
    assert spx.other.paper.trades == 4


def test_a_span_is_what_the_whole_says_of_it(twenty_years: list[Told]) -> None:
    setup = MarketSetup(detector=detector("sma200"))
    since, until = datetime(2002, 1, 1, tzinfo=UTC), datetime(2003, 1, 1, tzinfo=UTC)
    part = what_if(twenty_years, setup, since, until).symbols["IXIC"]
    whole = what_if(twenty_years, setup).symbols["IXIC"]
    shifts = [
        pair
        for pair in whole.shifts
        if any(at and since <= at <= until for at in (pair.recorded_at, pair.other_at))
    ]
    assert list(part.shifts) == shifts
    assert part.other.shifts < whole.other.shifts
    assert part.other.warming_up == 0 < whole.other.warming_up


@settings(max_examples=60)
@given(ticks=tick_series(), bar_s=st.sampled_from([3_600, 86_400]))
def test_bare_ticks_late_ones_and_several_symbols_make_no_difference(
    ticks: list[PriceTick], bar_s: int
) -> None:
    setup = MarketSetup(detector=QUICK, bar_s=bar_s, paper=PAPER)
    events = log_of(ticks, setup)
    found = what_if(events, setup)
    assert found.no_difference
    assert found.prices + found.late_prices == sum(
        isinstance(event.payload, PriceUpdate) for event in events
    )
    for name, symbol in found.symbols.items():
        trades = [
            event.payload
            for event in events
            if isinstance(event.payload, TradeExecution) and event.payload.symbol == name
        ]
        assert symbol.recorded.paper.trades == len(trades)
        assert symbol.recorded.paper.fees == sum(trade.fees for trade in trades)
        assert all(held.as_shown for held in symbol.portfolios)


@settings(max_examples=60)
@given(ticks=tick_series(), cut=st.integers(0, 40))
def test_another_detector_is_compared_at_every_bar(ticks: list[PriceTick], cut: int) -> None:
    setup = MarketSetup(detector=QUICK, bar_s=3_600)
    events = log_of(ticks, setup)
    since = START + cut * timedelta(hours=20)
    found = what_if(events, replace(setup, detector=OTHER), since)
    finals = [
        event.payload
        for event in events
        if isinstance(event.payload, RegimeUpdate) and not event.payload.provisional
    ]
    theirs = log_of(ticks, replace(setup, detector=OTHER))
    others = [
        event.payload
        for event in theirs
        if isinstance(event.payload, RegimeUpdate) and not event.payload.provisional
    ]
    for name, symbol in found.symbols.items():
        pairs = [
            (ours.regime, other.regime)
            for ours, other in zip(finals, others, strict=True)
            if ours.symbol == name and ours.timestamp >= since
        ]
        assert (symbol.compared, symbol.only_recorded, symbol.only_other) == (len(pairs), 0, 0)
        same = sum(a is b for a, b in pairs)
        assert symbol.agreement == (same / len(pairs) if pairs else None)
        assert symbol.counts == {
            kind: sum(pair.kind == kind for pair in symbol.shifts) for kind in symbol.counts
        }


def test_a_stored_event_is_read_like_one_that_a_client_has() -> None:
    events = flat(play(bars(falling()), initial(MarketSetup(paper=PAPER)))[1])
    stored = [recorded(event.payload, number, event.source) for number, event in enumerate(events)]
    assert what_if(told(stored), MarketSetup()) == what_if(as_told(events), MarketSetup())


def test_late_prices_provisional_regimes_and_those_set_by_hand_do_not_count() -> None:
    ticks = [tick("100", START), tick("101", START + DAY), tick("99", START), bar("90", day=3)]
    setup = MarketSetup(detector=QUICK)
    events = log_of(ticks, setup)
    regimes = [event.payload for event in events if isinstance(event.payload, RegimeUpdate)]
    by_hand = regimes[-1].model_copy(update={"regime": Regime.CRASH, "timestamp": START + 9 * DAY})
    found = what_if([*events, ToldEvent("manual", by_hand)], setup)
    assert (found.prices, found.late_prices, found.by_hand) == (3, 1, 1)
    assert found.no_difference
    assert found.symbols["SPX"].compared == 3


def test_bars_of_another_length_are_told_and_not_mixed() -> None:
    ticks = [tick(str(100 + hour % 7), START + timedelta(hours=hour)) for hour in range(60)]
    events = log_of(ticks, MarketSetup(detector=QUICK, bar_s=3_600))
    symbol = what_if(events, MarketSetup(detector=QUICK, bar_s=7_200)).symbols["SPX"]
    assert not symbol.no_difference
    assert (symbol.compared, symbol.only_recorded, symbol.only_other) == (30, 29, 0)


def test_other_fees_are_paid_by_both_sides() -> None:
    events = log_of(bars(falling()), MarketSetup(detector=QUICK, paper=PAPER))
    same = what_if(events, MarketSetup(detector=QUICK)).symbols["SPX"]
    dear = what_if(events, MarketSetup(detector=QUICK, paper_fee=Decimal("0.01"))).symbols["SPX"]
    assert dear.no_difference  # the regimes are the same, and both sides pay the same fees
    assert dear.other.paper.total_return < same.other.paper.total_return


@pytest.mark.parametrize(
    ("cash", "fee", "told"),
    [
        ("100000", "0.001", None),
        ("50000", "0.001", "SYNAPSE_PAPER_CASH=50000"),
        ("100000", "0.0025", "SYNAPSE_PAPER_FEE_BPS=25"),
        ("1234.5", "0", "SYNAPSE_PAPER_CASH=1234.5 and SYNAPSE_PAPER_FEE_BPS=0"),
    ],
)
def test_trades_of_other_paper_money_or_fees_are_told_with_those(
    cash: str, fee: str, told: str | None
) -> None:
    here = MarketSetup(detector=QUICK, cash=Decimal(100_000), paper_fee=Decimal("0.001"))
    there = replace(here, paper=PAPER, cash=Decimal(cash), paper_fee=Decimal(fee))
    found = what_if(log_of(bars(falling()), there), here)
    (held,) = found.symbols["SPX"].portfolios
    assert held.as_shown == (told is None)
    line = next(line for line in notes_of(found) if "portfolio main" in line)
    assert line.endswith(f"recorded with {told}, unlike this run" if told else "to the last digit")


def test_trades_of_regimes_that_are_not_in_the_log_are_told_to_be_so() -> None:
    setup = MarketSetup(detector=QUICK, paper=PAPER)
    events = log_of(bars(falling()), setup)
    last = max(
        place for place, event in enumerate(events) if isinstance(event.payload, TradeExecution)
    )
    found = what_if(events[:last] + events[last + 1 :], MarketSetup(detector=QUICK))
    (held,) = found.symbols["SPX"].portfolios
    assert (held.as_shown, held.other_cash, held.other_fee) == (False, None, None)
    assert any("follow regimes that are not in the log" in line for line in notes_of(found))


def test_a_log_without_regimes_has_nothing_to_compare_with() -> None:
    events = [
        event
        for event in log_of(bars(falling()), MarketSetup())
        if isinstance(event.payload, PriceUpdate)
    ]
    symbol = what_if(events, MarketSetup()).symbols["SPX"]
    assert (symbol.agreement, symbol.compared, symbol.only_other) == (None, 0, 360)
    assert not symbol.no_difference
    assert symbol.recorded.detectors == ()


def test_a_span_without_a_bar_is_empty() -> None:
    events = log_of(bars(["100", "101"]), MarketSetup())
    symbol = what_if(events, MarketSetup(), START + 100 * DAY).symbols["SPX"]
    assert (symbol.first_at, symbol.compared, symbol.shifts) == (None, 0, ())
    assert symbol.recorded.paper.total_return == 0


def test_the_result_is_json_and_comes_back_as_it_was() -> None:
    found = what_if(log_of(bars(falling()), MarketSetup()), MarketSetup(detector=QUICK))
    text = found.model_dump_json()
    assert orjson.loads(text)["symbols"]["SPX"]["counts"].keys() == {
        "same",
        "earlier",
        "later",
        "missed",
        "false",
    }
    assert WhatIf.model_validate_json(text) == found


@pytest.mark.parametrize("regimes", [True, False])
def test_what_waits_does_not_grow_with_the_log(regimes: bool) -> None:
    run, most = WhatIfRun(MarketSetup(detector=QUICK)), 0
    events: Sequence[Told] = log_of(bars(falling()), MarketSetup(detector=QUICK))
    for event in events:
        if regimes or isinstance(event.payload, PriceUpdate):
            run.take(event)
            most = max(most, sum(each.waiting for each in run.runs.values()))
    assert most <= 2
