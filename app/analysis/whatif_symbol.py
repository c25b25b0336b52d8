"""One symbol of a what-if: both regime logs, put side by side bar by bar while the log is read. Pure."""

from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from app.analysis.regime_bars import Bar, BarFold
from app.analysis.whatif_paper import FEE_STEP, PaperFold, TradeKey, fee_of, key_of
from app.analysis.whatif_result import LabelDelays, RecordedPaper, RegimeTime, Side, SymbolWhatIf
from app.analysis.whatif_shifts import KINDS, Run, side_by_side, within
from events.catalog import DetectorStamp, Payload, PriceUpdate, Regime, RegimeUpdate, TradeExecution

YEAR: Final = timedelta(days=365.25)
_DAY: Final = timedelta(days=1)


class _SideFold:
    """One regime log, bar by bar."""

    def __init__(self, symbol: str, cash: Decimal, fee: Decimal) -> None:
        self.runs: list[Run] = []
        self.paper = PaperFold(symbol, cash, fee)
        self.bars = self.warming_up = self.shifts = 0
        self.first_at: datetime | None = None
        self.last: Bar | None = None
        self._detectors: dict[DetectorStamp, None] = {}
        self._regimes: Counter[Regime] = Counter()
        self._times: dict[Regime, timedelta] = {}

    def take(self, bar: Bar, number: int, meanwhile: Regime | None, *, in_span: bool) -> None:
        """The next bar, and what the other log says of it."""
        previous = self.runs[-1].regime if self.runs else None
        shift = bar.regime is not previous
        if shift:
            self.runs.append(Run(bar.regime, previous, number, bar.at, meanwhile))
        self.paper.take(bar, in_span=in_span)
        if not in_span:
            return
        if self.last is not None:
            lasted = self._times.get(self.last.regime, timedelta()) + bar.at - self.last.at
            self._times[self.last.regime] = lasted
        self._detectors[bar.detector] = None
        self._regimes[bar.regime] += 1
        self.bars += 1
        self.warming_up += bar.warming_up
        self.shifts += shift and previous is not None
        self.first_at, self.last = self.first_at or bar.at, bar

    def result(self) -> Side:
        """What it comes to within the span."""
        years = 0.0
        if self.first_at is not None and self.last is not None:
            years = (self.last.at - self.first_at) / YEAR
        return Side(
            detectors=tuple(self._detectors),
            bars=self.bars,
            warming_up=self.warming_up,
            shifts=self.shifts,
            shifts_a_year=self.shifts / years if years else None,
            regimes={
                regime: RegimeTime(
                    bars=self._regimes[regime],
                    share=self._regimes[regime] / self.bars,
                    days=self._times.get(regime, timedelta()) / _DAY,
                )
                for regime in Regime
                if regime in self._regimes
            },
            paper=self.paper.result(),
        )


class SymbolRun:
    """The events of one symbol, as they come in the order of the log."""

    def __init__(
        self,
        symbol: str,
        cash: Decimal,
        fee: Decimal,
        since: datetime | None,
        until: datetime | None,
    ) -> None:
        self._symbol, self._cash, self._fee = symbol, cash, fee
        self._since, self._until = since, until
        self._told, self._run = BarFold(), BarFold()
        # A bar waits here until the other log must have told of it, too: for one price at most.
        self._waiting_recorded: deque[Bar] = deque()
        self._waiting_other: deque[Bar] = deque()
        self._recorded = _SideFold(symbol, cash, fee)
        self._other = _SideFold(symbol, cash, fee)
        self._trades: dict[str, list[TradeKey]] = {}
        self._number = self._same = self._compared = 0
        self._only_recorded = self._only_other = 0
        self._price_before: Decimal | None = None
        self._last: Bar | None = None
        self._first_at: datetime | None = None

    @property
    def waiting(self) -> int:
        """Bars of either log that wait for the other one."""
        return len(self._waiting_recorded) + len(self._waiting_other)

    def is_late(self, price: PriceUpdate) -> bool:
        """Whether a price makes no regime."""
        return self._told.is_late(price)

    def take_price(self, price: PriceUpdate) -> None:
        """The next price that is not late: all that follows from those before it is known."""
        self._settle()
        self._told.take_price(price)

    def take_recorded(self, update: RegimeUpdate, source: str) -> None:
        """What the recorded log says next."""
        if bar := self._told.take_regime(update, source):
            self._waiting_recorded.append(bar)

    def take_other(self, payload: Payload, source: str) -> None:
        """What the other detector leads to next."""
        match payload:
            case PriceUpdate():
                self._run.take_price(payload)
            case RegimeUpdate():
                if bar := self._run.take_regime(payload, source):
                    self._waiting_other.append(bar)

    def take_trade(self, trade: TradeExecution) -> None:
        """A paper trade of the log."""
        if self._in_span(trade.timestamp):
            self._trades.setdefault(trade.portfolio_id, []).append(key_of(trade))

    def result(
        self, labels: tuple[LabelDelays, ...] | None, cash: Decimal | None = None
    ) -> SymbolWhatIf:
        """Both logs side by side; `labels`: see there; `cash`: what the log gave a symbol, as far as it tells."""
        self._settle(last=True)
        recorded, other, last = self._recorded.result(), self._other.result(), self._last
        pairs = [
            pair
            for pair in side_by_side(self._recorded.runs, self._other.runs)
            if within(pair, self._since, self._until)
        ]
        found = Counter(pair.kind for pair in pairs)
        alone = self._only_recorded + self._only_other
        before, after = self._price_before, None if last is None else last.price
        return SymbolWhatIf(
            symbol=self._symbol,
            first_at=self._first_at,
            last_at=None if last is None else last.at,
            price_before=before,
            price_after=after,
            price_change=float(after) / float(before) - 1 if after and before else None,
            compared=self._compared,
            only_recorded=self._only_recorded,
            only_other=self._only_other,
            agreement=self._same / self._compared if self._compared else None,
            recorded=recorded,
            other=other,
            counts={kind: found[kind] for kind in KINDS},
            shifts=tuple(pairs),
            labels=labels,
            portfolios=tuple(self._held_beside(name, cash) for name in sorted(self._trades)),
            no_difference=(
                not alone
                and self._same == self._compared
                and found["same"] == len(pairs)
                and self._recorded.paper.trades == self._other.paper.trades
            ),
        )

    def _held_beside(self, portfolio_id: str, cash: Decimal | None) -> RecordedPaper:
        trades = self._trades[portfolio_id]
        fee = fee_of(trades[0])
        return RecordedPaper(
            portfolio_id=portfolio_id,
            trades=len(trades),
            as_shown=trades == self._recorded.paper.trades,
            other_cash=None if cash == self._cash else cash,
            other_fee=None if fee is None or abs(fee - self._fee) < FEE_STEP else fee,
        )

    def _settle(self, *, last: bool = False) -> None:
        """Put the bars side by side that both logs must have told of by now."""
        recorded, other = self._waiting_recorded, self._waiting_other
        while other:
            self._skip_repeats(other[0].at)
            ours = recorded.popleft() if recorded and recorded[0].at <= other[0].at else None
            theirs = other.popleft() if ours is None or ours.at == other[0].at else None
            self._emit(ours, theirs)
        if last:
            self._skip_repeats(datetime.max.replace(tzinfo=UTC))
        while last and recorded:
            self._emit(recorded.popleft(), None)

    def _skip_repeats(self, before: datetime) -> None:
        """Leave out what the recorded log only said again: the other log, which says nothing twice, has no such bar."""
        recorded, runs = self._waiting_recorded, self._recorded.runs
        while recorded and recorded[0].again and recorded[0].at < before:
            if runs and runs[-1].regime is not recorded[0].regime:
                return
            recorded.popleft()

    def _emit(self, ours: Bar | None, theirs: Bar | None) -> None:
        bar = ours or theirs
        if bar is None:
            return
        in_span, number = self._in_span(bar.at), self._number
        self._number += 1
        if ours is not None:
            self._recorded.take(ours, number, theirs and theirs.regime, in_span=in_span)
        if theirs is not None:
            self._other.take(theirs, number, ours and ours.regime, in_span=in_span)
        if in_span:
            self._count(ours, theirs)
            if self._last is None:
                self._first_at, self._price_before = bar.at, self._price_before or bar.price
            self._last = bar
        elif self._last is None:
            self._price_before = bar.price

    def _count(self, ours: Bar | None, theirs: Bar | None) -> None:
        if ours is None:
            self._only_other += 1
        elif theirs is None:
            self._only_recorded += 1
        else:
            self._compared += 1
            self._same += ours.regime is theirs.regime

    def _in_span(self, at: datetime) -> bool:
        return (self._since is None or at >= self._since) and (
            self._until is None or at <= self._until
        )
