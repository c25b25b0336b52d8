"""Trades, prices and walks through them, for the tests of portfolios and of the paper trader."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from app.market.detector.base import REGIMES, Reading
from app.market.paper import paper_trade
from app.market.portfolio import Portfolio, mark, marked, opened, traded
from events.catalog import PortfolioUpdate, Regime, TradeExecution, TradeSide, TradeStatus

START = datetime(2020, 1, 6, 21, tzinfo=UTC)
DAY = timedelta(days=1)
CASH = Decimal(100_000)
FEE = Decimal("0.001")
SYMBOLS = ("SPX", "IXIC")


def trade(
    signed: str | Decimal,
    price: str | Decimal,
    symbol: str = "SPX",
    fees: str | Decimal = "0",
    status: TradeStatus = TradeStatus.FILLED,
    portfolio_id: str = "main",
) -> TradeExecution:
    """A trade from outside; a negative quantity sells."""
    quantity = Decimal(signed)
    return TradeExecution(
        trade_id="t-1",
        portfolio_id=portfolio_id,
        symbol=symbol,
        side=TradeSide.BUY if quantity >= 0 else TradeSide.SELL,
        quantity=quantity.copy_abs(),
        price=Decimal(price),
        fees=Decimal(fees),
        status=status,
        reason=None,
        timestamp=START,
    )


def after(*trades: TradeExecution, cash: Decimal = CASH) -> Portfolio:
    """An outside portfolio after its trades."""
    portfolio = opened("main", cash, paper=False)
    for each in trades:
        portfolio = traded(portfolio, each, cash, FEE)
    return portfolio


def told(
    portfolio: Portfolio, prices: Mapping[str, str | Decimal], at: datetime = START
) -> PortfolioUpdate:
    """What a mark says, where it must say something."""
    update = mark(portfolio, {symbol: Decimal(price) for symbol, price in prices.items()}, at)
    assert update is not None
    return update


def reading(regime: Regime, *, warming_up: bool = False, confidence: float = 0.7) -> Reading:
    """What a detector says."""
    rest = (1 - confidence) / 3
    four = [confidence if each is regime else rest for each in REGIMES]
    return Reading(regime, (four[0], four[1], four[2], four[3]), confidence, {}, warming_up)


def figures(*numbers: int | str) -> tuple[Decimal, ...]:
    """Numbers by hand."""
    return tuple(map(Decimal, numbers))


def exact(number: Decimal) -> Fraction:
    """For sums that must not round."""
    return Fraction(number)


@dataclass
class Walk:
    """A portfolio on its way: steps move it on and keep what was said."""

    portfolio: Portfolio
    cash: Decimal = CASH
    fee: Decimal = FEE
    prices: dict[str, Decimal] = field(default_factory=dict)
    updates: list[PortfolioUpdate] = field(default_factory=list)
    trades: list[TradeExecution] = field(default_factory=list)

    def trade(self, each: TradeExecution) -> None:
        """Take in a trade."""
        self.trades.append(each)
        self.portfolio = traded(self.portfolio, each, self.cash, self.fee)

    def mark(self, at: datetime) -> PortfolioUpdate | None:
        """Say what it is worth, and keep it."""
        update = mark(self.portfolio, self.prices, at)
        if update is not None:
            self.updates.append(update)
            self.portfolio = marked(self.portfolio, update)
        return update

    def bar(
        self, price: str | Decimal, before: Reading, at: datetime, symbol: str = "SPX"
    ) -> TradeExecution | None:
        """One bar of a portfolio that is traded on paper: its price, its trade, its mark."""
        self.prices[symbol] = Decimal(price)
        made = paper_trade(
            self.portfolio,
            symbol,
            before,
            self.prices[symbol],
            at,
            f"paper-{len(self.trades)}",
            self.cash,
            self.fee,
        )
        if made is not None:
            self.trade(made)
        self.mark(at)
        return made


def on_paper(cash: Decimal = CASH, fee: Decimal = FEE) -> Walk:
    """A portfolio before the paper trader's first trade."""
    return Walk(opened("main", cash, paper=True), cash, fee)


def days(walk: Walk, steps: Iterable[tuple[str, Regime]]) -> list[TradeExecution | None]:
    """A bar a day, each with the regime of the bar before it."""
    return [
        walk.bar(price, reading(regime), START + number * DAY)
        for number, (price, regime) in enumerate(steps)
    ]


def amounts(most: int, places: int = 12, least: int = 1) -> st.SearchStrategy[Decimal]:
    """Positive numbers of up to `places` decimals, below `most`."""
    return st.integers(least, most * 10**places).map(lambda n: Decimal(n).scaleb(-places))


PRICES = st.one_of(amounts(10_000, 2), amounts(10_000, 12), amounts(10**6, 4))
QUANTITIES = st.one_of(st.integers(1, 20).map(Decimal), amounts(1_000, 6), amounts(1_000, 12))


@st.composite
def outside_trades(draw: st.DrawFn, most: int = 12) -> list[TradeExecution]:
    """Trades of two symbols, long and short, some rejected, some in part."""
    return [
        trade(
            draw(st.sampled_from([1, -1])) * draw(QUANTITIES),
            draw(PRICES),
            draw(st.sampled_from(SYMBOLS)),
            draw(st.one_of(st.just(Decimal(0)), amounts(100, 12))),
            draw(st.sampled_from([*TradeStatus])),
        )
        for _ in range(draw(st.integers(0, most)))
    ]
