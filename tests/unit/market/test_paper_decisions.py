"""The paper trader in the log: one bar after a shift, with its cause, and a value at every bar."""

# covers: app.market.decide_price, app.market.symbol, app.market.state

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.market.commands import RecordPrice
from app.market.decide import consider
from app.market.setup import PAPER_SYMBOLS_MAX, MarketSetup, parse_paper
from app.market.state import MarketState, evolve, initial
from app.market.strategy import RECOMMENDATIONS
from app.market.ticks import PriceTick
from events.catalog import (
    PortfolioUpdate,
    PriceUpdate,
    RegimeUpdate,
    TradeExecution,
    TradeSide,
    TradeStatus,
)
from events.envelope import NewEvent
from tests.unit.market.builders import (
    DAY,
    bar,
    bars,
    expected_versions,
    falling,
    flat,
    play,
    tick,
    tick_series,
)
from tests.unit.market.portfolios import trade as outside


def paper(text: str = "main=*", **more: object) -> MarketState:
    return initial(MarketSetup(paper=parse_paper(text), **more))  # type: ignore[arg-type]


def trades(events: list[NewEvent]) -> list[NewEvent]:
    return [event for event in events if isinstance(event.payload, TradeExecution)]


def values(events: list[NewEvent]) -> list[PortfolioUpdate]:
    return [event.payload for event in events if isinstance(event.payload, PortfolioUpdate)]


def test_a_trade_comes_at_the_close_of_the_bar_after_the_shift_and_names_its_cause() -> None:
    _, batches = play(bars(falling()), paper())
    events = flat(batches)
    finals = [e for e in events if isinstance(e.payload, RegimeUpdate) and not e.payload.warming_up]
    shifts = {finals[0].event_id: finals[0]} | {
        after.event_id: after
        for before, after in pairwise(finals)
        if after.payload.regime is not before.payload.regime  # type: ignore[attr-defined]
    }
    made = trades(events)
    assert made
    for trade in made:
        payload = trade.payload
        assert isinstance(payload, TradeExecution)
        assert payload.reason is not None
        assert payload.reason.rule == "paper:follow_regime"
        assert trade.source == "paper"
        # The episode began at one bar (of the first, while the detector warmed up), the trade is of the next.
        cause = next(e for e in events if e.event_id == trade.causation_id)
        assert isinstance(cause.payload, RegimeUpdate)
        assert cause.payload.regime is payload.reason.regime
        if trade is not made[0]:
            assert trade.causation_id in shifts
            assert payload.timestamp - cause.payload.timestamp == DAY
    sold = made[-1].payload
    assert isinstance(sold, TradeExecution)
    assert sold.side is TradeSide.SELL


def test_the_trade_is_made_at_the_close_and_the_value_told_after_it() -> None:
    _, batches = play(bars(falling()), paper())
    batch = next(batch for batch in batches if trades(batch))
    price, trade, value = batch[0].payload, trades(batch)[0].payload, batch[-1].payload
    assert isinstance(price, PriceUpdate)
    assert isinstance(trade, TradeExecution)
    assert isinstance(value, PortfolioUpdate)
    assert trade.price == price.price
    assert value.timestamp == price.timestamp
    assert value.total_value + trade.fees == 100_000
    assert batch[-1].causation_id == batch[0].event_id
    assert batch[-1].source == "paper"


def test_no_trade_is_made_while_the_detector_warms_up() -> None:
    _, batches = play(bars(falling(calm=200, fall=40)), paper())
    assert not trades(flat(batches))
    assert not values(flat(batches))


def test_a_portfolio_is_valued_at_every_bar_from_its_first_trade_on() -> None:
    _, batches = play(bars(falling()), paper())
    first = next(number for number, batch in enumerate(batches) if trades(batch))
    assert all(len(values(batch)) == 1 for batch in batches[first:])
    assert not values(flat(batches[:first]))


def test_only_the_symbols_of_a_portfolio_are_traded() -> None:
    _, batches = play(bars(falling()), paper("main=IXIC;other=SPX"))
    events = flat(batches)
    assert {event.stream for event in trades(events)} == {"trades:other"}
    assert {value.portfolio_id for value in values(events)} == {"other"}


def test_a_portfolio_that_follows_any_symbol_stops_at_the_limit() -> None:
    ticks = [
        bar(price, day, f"S{number}")
        for day, price in enumerate(falling(fall=2))
        for number in range(PAPER_SYMBOLS_MAX + 2)
    ]
    state, batches = play(ticks, paper())
    assert len(state.portfolios["main"].sleeves) == PAPER_SYMBOLS_MAX
    assert len({e.payload.symbol for e in trades(flat(batches))}) == PAPER_SYMBOLS_MAX  # type: ignore[attr-defined]


def test_exposure_follows_the_recommendation() -> None:
    state = paper()
    for each in bars(falling(fall=90)):
        decision = consider(state, RecordPrice(each, "import"))
        state = decision.state
        for event in trades(list(decision.events)):
            assert isinstance(event.payload, TradeExecution)
            assert event.payload.reason is not None
            target = RECOMMENDATIONS[event.payload.reason.regime].target_exposure
            value = values(list(decision.events))[0]
            assert abs(value.exposure - target) < 0.002


def test_a_decision_that_trades_looks_at_the_portfolio() -> None:
    state, _ = play(bars(falling(fall=0)), paper())
    state, _ = play([bar("50", symbol="IXIC")], state)
    command = RecordPrice(bar("101", 300), "import")
    assert set(expected_versions(state, command)) == {
        "prices:SPX",
        "system:synapse",
        "trades:main",
        "portfolio:main",
    }
    bare = RecordPrice(tick("101", bar("1", 300).timestamp), "import")
    assert set(expected_versions(state, bare)) == {"prices:SPX", "system:synapse"}


def test_a_rejected_trade_opens_no_portfolio_and_leaves_the_paper_trader_on() -> None:
    rejected = outside("5", "100", status=TradeStatus.REJECTED)
    state = evolve(paper(), rejected, "api")
    assert state == paper()._replace(versions={"trades:main": 1})
    state, batches = play(bars(falling()), state)
    assert state.portfolios["main"].paper
    assert trades(flat(batches))


def test_bars_of_ticks_have_the_length_of_the_setup() -> None:
    start = datetime(2026, 1, 5, 9, 0, 20, tzinfo=UTC)
    ticks = [
        PriceTick(symbol="X", price=Decimal(100 + k), timestamp=start + timedelta(seconds=20 * k))
        for k in range(7)
    ]
    _, batches = play(ticks, initial(MarketSetup(bar_s=60)))
    closed = [
        event.payload.timestamp
        for event in flat(batches)
        if isinstance(event.payload, RegimeUpdate) and not event.payload.provisional
    ]
    assert closed == [start.replace(minute=1, second=0), start.replace(minute=2, second=0)]


@settings(max_examples=40)
@given(tick_series(), st.integers(1, 3))
def test_whatever_comes_the_decision_is_the_fold_of_its_events(
    ticks: list[PriceTick], fee_bps: int
) -> None:
    # `play` compares the state that each decision tells with the fold of its events.
    calm = bars(falling(fall=0))
    shifted = [each.model_copy(update={"timestamp": each.timestamp - 400 * DAY}) for each in calm]
    state, _ = play(shifted, paper(paper_fee=Decimal(fee_bps) / 10_000))
    play(ticks, state)
