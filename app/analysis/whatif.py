"""What another detector would have said of the recorded prices, beside what was said. Pure.

The recorded prices run through the real `decide`, on a fresh state, with another detector: late ones make no
regime, as they made none. Both regime logs are then compared bar by bar, and both are followed by the same paper
trader. `docs/whatif.md` defines every figure.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from app.analysis.regime_bars import Told
from app.analysis.whatif_delays import Delays
from app.analysis.whatif_result import WhatIf
from app.analysis.whatif_symbol import SymbolRun
from app.market.commands import RecordPrice
from app.market.decide import consider
from app.market.setup import MarketSetup
from app.market.state import MANUAL, PAPER, initial
from app.market.strategy import DISCLAIMER
from app.market.ticks import PriceTick
from events.catalog import PortfolioUpdate, PriceUpdate, RegimeUpdate, TradeExecution


class WhatIfRun:
    """Takes the events of a log in its order (prices, regimes and trades), in bounded memory.

    What is kept is the shifts, the trades, and some 40 bytes a bar for the labels of hindsight (100 in the end).
    """

    def __init__(
        self, setup: MarketSetup, since: datetime | None = None, until: datetime | None = None
    ) -> None:
        """Compare a log with what would have been.

        Args:
            setup: the other detector; the bars, the paper money and its fees must be those of the log.
            since: bars that close before it are run through, so that the detector has warmed up, and not compared.
            until: bars that close after it are run through, so that a shift near the end finds its counterpart.
        """
        # Alerts and the portfolios of the log follow from regimes, and lead to none.
        self._setup = MarketSetup(setup.detector, setup.bar_s, (), (), setup.cash, setup.paper_fee)
        self._state = initial(self._setup)
        self._span = (since, until)
        self.runs: dict[str, SymbolRun] = {}
        self._delays = Delays(since, until)
        self._prices = self._late = self._by_hand = 0
        self._cash: Decimal | None = None

    def take(self, event: Told) -> None:
        """The next event of the log; those of other kinds, and marks but for the first, are ignored."""
        payload, source = event.payload, event.source
        self._delays.take_recorded(event)
        match payload:
            case PriceUpdate():
                self._price(payload, source)
            case RegimeUpdate() if source == MANUAL:
                self._by_hand += 1
            case RegimeUpdate():
                self._of(payload.symbol).take_recorded(payload, source)
            case TradeExecution() if source == PAPER:
                if (known := self.runs.get(payload.symbol)) is not None:
                    known.take_trade(payload)
            case PortfolioUpdate() if self._cash is None:
                # What was paid in by the first mark of a log: for one symbol, or by a portfolio from outside.
                self._cash = payload.total_value - payload.pnl

    def result(self) -> WhatIf:
        """The comparison of all that was taken."""
        symbols = {
            name: run.result(self._delays.of(name), self._cash)
            for name, run in sorted(self.runs.items())
        }
        return WhatIf(
            detector=self._setup.stamp,
            since=self._span[0],
            until=self._span[1],
            prices=self._prices,
            late_prices=self._late,
            by_hand=self._by_hand,
            no_difference=all(each.no_difference for each in symbols.values()),
            symbols=symbols,
            disclaimer=DISCLAIMER,
        )

    def _of(self, symbol: str) -> SymbolRun:
        known = self.runs.get(symbol)
        if known is None:
            setup = self._setup
            known = SymbolRun(symbol, setup.cash, setup.paper_fee, *self._span)
            self.runs[symbol] = known
        return known

    def _price(self, price: PriceUpdate, source: str) -> None:
        run = self._of(price.symbol)
        if run.is_late(price):
            self._late += 1
            return
        self._prices += 1
        run.take_price(price)
        decision = consider(self._state, RecordPrice(tick_of(price), source))
        self._state = decision.state
        for event in decision.events:
            run.take_other(event.payload, event.source)
            self._delays.take_other(event)


def what_if(
    events: Iterable[Told],
    setup: MarketSetup,
    since: datetime | None = None,
    until: datetime | None = None,
) -> WhatIf:
    """Compare a log, its events in order, with what would have been; see `WhatIfRun`."""
    run = WhatIfRun(setup, since, until)
    for event in events:
        run.take(event)
    return run.result()


def tick_of(price: PriceUpdate) -> PriceTick:
    """The tick that a recorded price was made of."""
    return PriceTick(
        symbol=price.symbol,
        price=price.price,
        timestamp=price.timestamp,
        open=price.open,
        high=price.high,
        low=price.low,
        volume=price.volume,
        bar_s=price.bar_s,
    )
