"""What a price leads to."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from app.market.alerts.shift import is_shift, regime_shift_alert
from app.market.alerts.watch import Firing
from app.market.commands import RecordedPrice, RecordPrice, RepeatRegime
from app.market.decision import Decision
from app.market.detector.base import REGIMES, Reading
from app.market.paper import paper_trade
from app.market.portfolio import opened
from app.market.setup import PAPER_SYMBOLS_MAX, MarketSetup, PaperPortfolio
from app.market.state import (
    PAPER,
    SYSTEM_STREAM,
    MarketState,
    counted,
    with_symbol,
    with_trade,
)
from app.market.strategy import RECOMMENDATIONS
from app.market.symbol import (
    REGIME_RULE,
    Advance,
    Close,
    PriceStep,
    SymbolState,
    advance,
    is_late,
    late,
    open_reading,
)
from app.market.ticks import PriceTick
from app.market.valuation import portfolio_reads, with_marks
from events.catalog import (
    AlertSeverity,
    Channel,
    NoticeKind,
    PriceAlert,
    PriceUpdate,
    Regime,
    RegimeUpdate,
    SystemNotice,
    TradeExecution,
)
from events.envelope import NewEvent
from events.errors import InvalidEvent
from events.ids import tick_event_id
from events.scalars import format_decimal, format_time

SYMBOLS_MAX: Final = 10_000
"""Symbols that prices may be recorded of, at most; and that a hand-made regime may be shown of."""

PRICE_RULE: Final = "price"
PROVISIONAL_RULE: Final = "regime:provisional"
CORRECTION_RULE: Final = "correction"


def price_event_id(tick: PriceTick, source: str) -> UUID:
    """The id of the tick's price: a log that holds it has recorded this very tick before."""
    return tick_event_id(source, tick.symbol, tick.timestamp, tick.price, PRICE_RULE)


class TooManySymbols(InvalidEvent):
    """The first price of one symbol more than `SYMBOLS_MAX`."""

    code = "too_many_symbols"

    def __init__(self, symbol: str) -> None:
        super().__init__(f"{symbol} is new, and there are {SYMBOLS_MAX} symbols already")


def refuse_one_more(symbol: str, symbols: Mapping[str, object]) -> None:
    """Make sure that a symbol is one of those that there are, or that there is room for it.

    Raises:
        TooManySymbols: there is none.
    """
    if symbol not in symbols and len(symbols) >= SYMBOLS_MAX:
        raise TooManySymbols(symbol)


def record(state: MarketState, command: RecordPrice) -> Decision:
    """A price: new, late, or recorded before.

    Raises:
        TooManySymbols: it would be one symbol more than `SYMBOLS_MAX`.
    """
    refuse_one_more(command.tick.symbol, state.symbols)
    before = state.of(command.tick.symbol)
    if is_late(before, command.tick.timestamp):
        return _late(state, before, command)
    return _New(state, command).decision(before)


def repeat(state: MarketState, command: RepeatRegime) -> Decision:
    """The last reading of a symbol again: of the open bar, provisional, where one is open."""
    known, reads = state.of(command.symbol), (_prices(command.symbol),)
    opened = open_reading(state.setup, known)
    reading = opened or known.reading
    if reading is None or known.last_at is None:
        return Decision((), state, reads)
    update = regime_update(
        state.setup,
        command.symbol,
        known.last_at,
        reading,
        previous=None if known.reading is None else known.reading.regime,
        provisional=opened is not None,
    )
    event = NewEvent(payload=update, event_id=command.event_id, source=command.source)
    return Decision((event,), state, reads)


def _prices(symbol: str) -> str:
    return f"{Channel.PRICES.value}:{symbol}"


# --- late prices ----------------------------------------------------------------------------------


def _late(state: MarketState, before: SymbolState, command: RecordPrice) -> Decision:
    """A late price changes no regime: it is recorded, and the correction is told."""
    tick, recorded = command.tick, command.recorded
    reads = (_prices(tick.symbol),)
    if recorded is not None and recorded.price == tick.price:
        return Decision((), state, reads)
    if recorded is None and (tick.timestamp, tick.price) == (before.last_at, before.last_price):
        return Decision((), state, reads)
    price = _price_event(command, recorded)
    after = with_symbol(state, tick.symbol, late(before))
    if recorded is None and command.source == "import":
        # A file of older years is a thousand late prices, and no news: the import itself tells how many.
        return Decision((price,), after, reads)
    notice = _correction(command, price)
    return Decision((price, notice), counted(after, SYSTEM_STREAM), reads)


def _correction(command: RecordPrice, price: NewEvent) -> NewEvent:
    tick, recorded = command.tick, command.recorded
    at, now = format_time(tick.timestamp), format_decimal(tick.price)
    was = None if recorded is None else format_decimal(recorded.price)
    told = f"came late: {now}" if was is None else f"is {now}, and was {was}"
    notice = SystemNotice(
        kind=NoticeKind.CORRECTION,
        text=f"the price of {tick.symbol} at {at} {told}; no regime of the past changes",
        details={
            "reason": "late" if was is None else "revised",
            "symbol": tick.symbol,
            "price": now,
            "before": was,
            "event_id": str(price.event_id),
            "corrects": None if recorded is None else str(recorded.event_id),
        },
        timestamp=tick.timestamp,
    )
    return NewEvent(
        payload=notice,
        event_id=tick_event_id(
            command.source, tick.symbol, tick.timestamp, tick.price, CORRECTION_RULE
        ),
        source=command.source,
        correlation_id=price.event_id,
        causation_id=price.event_id,
    )


# --- new prices -----------------------------------------------------------------------------------


class _New:
    """The decision on a price that is newer than the last one, while it is made."""

    def __init__(self, state: MarketState, command: RecordPrice) -> None:
        tick = command.tick
        self.state = state
        self.command = command
        self.step = PriceStep(tick.symbol, tick.price, tick.timestamp, tick.bar_s, command.source)
        self.price = _price_event(command, None)
        self.events: list[NewEvent] = []
        self.reads = [_prices(tick.symbol), SYSTEM_STREAM]

    def decision(self, before: SymbolState) -> Decision:
        step = self.step
        moved = advance(self.state.setup, self.state.rules.watched(step.symbol), before, step)
        self.state = with_symbol(self.state, step.symbol, moved.after)
        ready = step.bar_s is not None
        for close in moved.closes[:-1] if ready else moved.closes:
            # This bar ended before the tick, by the calendar: no event caused its end.
            self._close(close, None)
        self.events.append(self.price)
        if ready:
            self._close(moved.closes[-1], self.price.event_id)
        else:
            self._provisional(before, moved)
        self._alerts(moved.firings)
        if moved.closes:
            self._marks()
        return Decision(tuple(self.events), self.state, tuple(self.reads))

    def _event(
        self,
        payload: RegimeUpdate | PriceAlert | TradeExecution,
        event_id: UUID,
        cause: UUID | None,
    ) -> NewEvent:
        source = PAPER if isinstance(payload, TradeExecution) else self.command.source
        event = NewEvent(
            payload=payload,
            event_id=event_id,
            source=source,
            correlation_id=self.price.event_id,
            causation_id=cause,
        )
        self.events.append(event)
        return event

    def _close(self, close: Close, cause: UUID | None) -> None:
        """The final regime of a closed bar, the alerts if it is a shift, and the paper trades."""
        previous = None if close.before is None else close.before.regime
        update = regime_update(
            self.state.setup, self.step.symbol, close.at, close.reading, previous
        )
        regime = self._event(update, self.step.id_at(close.at, REGIME_RULE), cause)
        if is_shift(update):
            for rule in self.state.rules.shifts(self.step.symbol):
                alert_id = self.step.id_at(close.at, f"alert:{rule.rule_id}")
                alert = regime_shift_alert(update, close.price, str(alert_id), rule)
                self._event(alert, alert_id, regime.event_id)
        for followed in self.state.setup.paper:
            self._paper(followed, close)

    def _paper(self, followed: PaperPortfolio, close: Close) -> None:
        """Act on the reading of the bar before, if the portfolio has not acted on it yet."""
        before, name, setup = close.before, followed.portfolio_id, self.state.setup
        if before is None or not _may_trade(self.state, followed, self.step.symbol):
            return
        event_id = self.step.id_at(close.at, f"trade:{name}")
        trade = paper_trade(
            self.state.portfolios.get(name) or opened(name, setup.cash, paper=True),
            self.step.symbol,
            before,
            close.price,
            close.at,
            str(event_id),
            setup.cash,
            setup.paper_fee,
        )
        self.reads += [f"{Channel.TRADES.value}:{name}", f"{Channel.PORTFOLIO.value}:{name}"]
        if trade is not None:
            self._event(trade, event_id, close.cause)
            self.state = counted(with_trade(self.state, trade, PAPER), f"{Channel.TRADES}:{name}")

    def _provisional(self, before: SymbolState, moved: Advance) -> None:
        """The regime of the open bar, when it differs from the one shown last."""
        reading = moved.open
        last = moved.closes[-1].reading.regime if moved.closes else before.shown
        if reading is None or reading.regime is last:
            return
        step, final = self.step, moved.after.reading
        update = regime_update(
            self.state.setup,
            step.symbol,
            step.at,
            reading,
            None if final is None else final.regime,
            provisional=True,
        )
        self._event(update, step.id_at(step.at, PROVISIONAL_RULE), self.price.event_id)

    def _alerts(self, firings: Iterable[Firing]) -> None:
        for firing in firings:
            alert_id = self.step.id_at(self.step.at, f"alert:{firing.rule.rule_id}")
            alert = PriceAlert(
                alert_id=str(alert_id),
                rule_id=firing.rule.rule_id,
                symbol=self.step.symbol,
                kind=firing.rule.kind,
                severity=firing.rule.severity or AlertSeverity.WARNING,
                price=self.step.price,
                threshold=firing.threshold,
                message=firing.message,
                timestamp=self.step.at,
            )
            self._event(alert, alert_id, self.price.event_id)

    def _marks(self) -> None:
        step = self.step
        for name, portfolio in self.state.portfolios.items():
            if step.symbol in portfolio.positions or step.symbol in portfolio.sleeves:
                self.reads += portfolio_reads(portfolio)
                event_id = step.id_at(step.at, f"portfolio:{name}")
                self.state, marks = with_marks(
                    self.state,
                    portfolio,
                    step.at,
                    event_id,
                    self.command.source,
                    (self.price.event_id, self.price.event_id),
                )
                self.events += marks


def _may_trade(state: MarketState, followed: PaperPortfolio, symbol: str) -> bool:
    if not followed.follows(symbol):
        return False
    known = state.portfolios.get(followed.portfolio_id)
    if known is None:
        return True
    # Off for outside trades: whoever sends his own has the portfolio to himself.
    room = symbol in known.sleeves or len(known.sleeves) < PAPER_SYMBOLS_MAX
    return known.paper and room


def _price_event(command: RecordPrice, corrects: RecordedPrice | None) -> NewEvent:
    tick = command.tick
    event_id = price_event_id(tick, command.source)
    payload = PriceUpdate(
        symbol=tick.symbol,
        price=tick.price,
        open=tick.open,
        high=tick.high,
        low=tick.low,
        volume=tick.volume,
        bar_s=tick.bar_s,
        corrects=None if corrects is None else str(corrects.event_id),
        timestamp=tick.timestamp,
    )
    return NewEvent(
        payload=payload, event_id=event_id, source=command.source, correlation_id=event_id
    )


def regime_update(
    setup: MarketSetup,
    symbol: str,
    at: datetime,
    reading: Reading,
    previous: Regime | None,
    *,
    provisional: bool = False,
) -> RegimeUpdate:
    """A reading as the payload of an event."""
    recommendation = RECOMMENDATIONS[reading.regime]
    return RegimeUpdate(
        symbol=symbol,
        regime=reading.regime,
        previous_regime=previous,
        confidence=reading.confidence,
        probabilities=dict(zip(REGIMES, reading.probabilities, strict=True)),
        strategy_recommendation=recommendation.strategy,
        target_exposure=recommendation.target_exposure,
        features=dict(reading.features),
        detector=setup.stamp,
        provisional=provisional,
        warming_up=reading.warming_up,
        timestamp=at,
    )
