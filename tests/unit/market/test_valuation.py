"""When a portfolio is marked: its marks never go back in time, so its days add up."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.market.commands import Command, RecordPrice, RecordTrades
from app.market.decide import consider
from app.market.state import initial
from events.catalog import PortfolioUpdate
from tests.unit.market.builders import START, bar, evolve_all
from tests.unit.market.portfolios import CASH, DAY, SYMBOLS, trade

Step = tuple[str, int, str, str]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["bar", "trade"]),
        st.integers(-40, 40),
        st.sampled_from(["-3", "-1", "1", "2"]),
        st.sampled_from(SYMBOLS),
    ),
    max_size=25,
)


def marks(*commands: Command) -> list[PortfolioUpdate]:
    """What is said of portfolios; each decision's state is the fold of its events."""
    state, said = initial(), []
    for command in commands:
        decision = consider(state, command)
        state = evolve_all(state, decision.events)
        assert state == decision.state
        said += [e.payload for e in decision.events if isinstance(e.payload, PortfolioUpdate)]
    return said


def price(text: str, day: int, symbol: str = "SPX") -> RecordPrice:
    return RecordPrice(bar(text, day, symbol), "api")


def outside(signed: str, day: int, symbol: str = "SPX", number: int = 0) -> RecordTrades:
    dated = {"trade_id": f"t-{number}", "timestamp": START + day * DAY}
    return RecordTrades((trade(signed, "100", symbol).model_copy(update=dated),), "api")


def days_add_up(said: list[PortfolioUpdate]) -> None:
    assert all(before.timestamp <= after.timestamp for before, after in pairwise(said))
    last_of_day: dict[date, Decimal] = {each.timestamp.date(): each.daily_pnl for each in said}
    assert sum(last_of_day.values()) == (said[-1].total_value - CASH if said else 0)


def test_a_mark_is_not_dated_before_the_trades_that_it_counts() -> None:
    said = marks(
        price("100", 0), outside("1", 2000), price("150", 1), price("160", 2), price("170", 2001)
    )
    ahead = START + 2000 * DAY
    assert [each.timestamp for each in said] == [ahead, ahead, ahead, ahead + DAY]
    assert [each.daily_pnl for each in said] == [0, 50, 60, 10]
    days_add_up(said)


def test_a_mark_is_not_dated_before_the_last_one_when_what_made_it_new_is_sold() -> None:
    said = marks(
        price("100", 0),
        price("100", 0, "IXIC"),
        outside("1", 0),
        outside("1", 0, "IXIC", 1),
        price("120", 9, "IXIC"),
        outside("-1", 5, "IXIC", 2),
        price("110", 1),
    )
    assert [(each.timestamp - START) // DAY for each in said] == [0, 0, 9, 9, 9]
    days_add_up(said)


@given(STEPS)
def test_whenever_trades_and_prices_are_dated_marks_go_forward_and_days_add_up(
    steps: list[Step],
) -> None:
    commands: list[Command] = [price("100", -50, symbol) for symbol in SYMBOLS]
    for number, (kind, day, signed, symbol) in enumerate(steps):
        if kind == "bar":
            commands.append(price(str(100 + day), day, symbol))
        else:
            commands.append(outside(signed, day, symbol, number))
    said = marks(*commands)
    days_add_up(said)
    newest = max(
        (c.trades[0].timestamp for c in commands if isinstance(c, RecordTrades)), default=START
    )
    assert not said or said[-1].timestamp >= newest
