"""Knew then, know now: the regimes as they were broadcast beside labels that know the future. Pure.

The labels need all closes up to the end of the log, so these are kept: some 100 bytes a bar in the end. `docs/hindsight.md` defines
every figure and states what the labels cannot tell.
"""

from array import array
from datetime import datetime
from typing import Final

from app.analysis.hindsight_result import Hindsight
from app.analysis.hindsight_symbol import SymbolPast, judged
from app.analysis.regime_bars import BarFold, Told
from app.market.detector.base import REGIMES
from app.market.state import MANUAL
from app.market.strategy import DISCLAIMER
from events.catalog import DetectorStamp, PriceUpdate, RegimeUpdate
from events.scalars import to_micros

LIMITS: Final = (
    "the labels use the future: nobody could have acted on them, and no detector can be held to them",
    "what is not settled may change with later prices: a fall is a bear once it is 20 %, over after a rise of 20 %",
    "the labels are made for daily bars of equity indices",
    "a handful of bears and crashes is too few to tell two detectors apart",
)


class _Symbol:
    """One symbol while the log is read."""

    def __init__(self) -> None:
        self.fold = BarFold()
        self.past = SymbolPast(array("q"), array("d"), bytearray(), bytearray(), {})


class HindsightRun:
    """Takes the events of a log in its order: prices and regimes."""

    def __init__(self, since: datetime | None = None, until: datetime | None = None) -> None:
        """Judge a log by hindsight.

        Args:
            since: only what overlaps the time from here on is told; the labels know all closes.
            until: only what overlaps the time up to here is told; the labels know the closes after it, too.
        """
        self._span = (since, until)
        self._symbols: dict[str, _Symbol] = {}
        self._by_hand = 0

    def take(self, event: Told) -> None:
        """The next event of the log; those of other kinds are ignored."""
        payload = event.payload
        match payload:
            case PriceUpdate():
                known = self._of(payload.symbol)
                if not known.fold.is_late(payload):
                    known.fold.take_price(payload)
            case RegimeUpdate() if event.source == MANUAL:
                self._by_hand += 1
            case RegimeUpdate():
                self._regime(payload, event.source)

    def result(self) -> Hindsight:
        """What hindsight says of all that was taken."""
        return Hindsight(
            since=self._span[0],
            until=self._span[1],
            by_hand=self._by_hand,
            symbols={
                name: judged(name, known.past, *self._span)
                for name, known in sorted(self._symbols.items())
                if known.past.at
            },
            limits=LIMITS,
            disclaimer=DISCLAIMER,
        )

    def pasts(self) -> dict[str, SymbolPast]:
        """The bars of all that was taken, by symbol."""
        return {name: known.past for name, known in sorted(self._symbols.items())}

    def _of(self, symbol: str) -> _Symbol:
        known = self._symbols.get(symbol)
        if known is None:
            known = self._symbols[symbol] = _Symbol()
        return known

    def _regime(self, update: RegimeUpdate, source: str) -> None:
        known = self._of(update.symbol)
        bar = known.fold.take_regime(update, source)
        if bar is None:
            return
        past = known.past
        if bar.again:  # what was said last at that time holds
            past.regimes[-1] = REGIMES.index(bar.regime)
            return
        past.at.append(to_micros(bar.at))
        past.closes.append(float(bar.price))
        past.regimes.append(REGIMES.index(bar.regime))
        past.warming_up.append(bar.warming_up)
        stamp: DetectorStamp = bar.detector
        past.detectors.setdefault(stamp, (bar.at, bar.at))
        past.detectors[stamp] = (past.detectors[stamp][0], bar.at)
