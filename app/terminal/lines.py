"""One event as one line: its position, its market time, whose it is, and what happened."""

from collections.abc import Callable, Collection
from typing import Any, Final

from rich.text import Text

from app.client.messages import Event
from app.client.shift import BY_HAND
from app.terminal.figures import instant, money, percent, price, safe, share, signed_percent, words
from app.terminal.look import DIM, SEVERITIES, change_text, style_of, word
from events.catalog import (
    AlertSeverity,
    PortfolioUpdate,
    PriceAlert,
    PriceUpdate,
    RegimeUpdate,
    SystemNotice,
    TradeExecution,
    TradeStatus,
    split_stream,
)

POSITION_COLUMNS: Final = 7
SUBJECT_COLUMNS: Final = 8


def begins_regime(event: Event) -> bool:
    """Whether a symbol's regime changed for good by it (a shift), or became known, which is none."""
    update = event.payload
    return (
        isinstance(update, RegimeUpdate)
        and not update.provisional
        and update.previous_regime != update.regime
    )


def is_news(event: Event) -> bool:
    """False for what tells nothing new: a provisional regime, and a final one that stays what it was."""
    return not isinstance(event.payload, RegimeUpdate) or begins_regime(event)


def is_of(event: Event, symbols: Collection[str] | None) -> bool:
    """Whether an event is of one of the symbols, or of none at all; a trade's stream is its portfolio's."""
    symbol = getattr(event.payload, "symbol", None)
    return symbols is None or symbol is None or symbol in symbols


def event_line(event: Event) -> Text:
    """The line."""
    before, what = event_parts(event)
    return before.append_text(what)


def event_parts(event: Event, when: str | None = None) -> tuple[Text, Text]:
    """The line in two: its position, time (or `when` in its place) and symbol; and what happened."""
    _channel, entity = split_stream(event.stream)
    subject = str(getattr(event.payload, "symbol", entity))
    line = Text(f"{event.position:>{POSITION_COLUMNS}} ", DIM)
    line.append(f"{when or instant(event.occurred_at)}  ", "" if begins_regime(event) else DIM)
    line.append(f"{safe(subject):<{SUBJECT_COLUMNS}} ", "bold" if begins_regime(event) else "")
    return line, told(event)


def told(event: Event) -> Text:
    """What happened, without when and whose."""
    read = _TOLD.get(type(event.payload))
    if read is None:
        return Text(f"{safe(event.type)}, which this program does not know", DIM)
    return read(event)


def _regime(event: Event) -> Text:
    update: Any = event.payload
    sure = f"confidence {share(update.confidence)}"
    if not begins_regime(event):
        how = "for now" if update.provisional else "still"
        return Text(f"{word(update.regime)} {how}, {sure}", DIM)
    line = Text(word(update.regime), style_of(update.regime, "bold", "reverse"))
    before = update.previous_regime
    line.append(" at first" if before is None else " from ")
    if before is not None:
        line.append(word(before), style_of(before))
    hand = ", by hand" if event.source == BY_HAND else ""
    warming = ", warming up" if update.warming_up else ""
    return line.append(f", {sure}{warming}{hand}, {words(update.strategy_recommendation.value)}")


def _price(event: Event) -> Text:
    update: Any = event.payload
    corrects = ", a correction" if update.corrects else ""
    return Text(f"{price(update.price)}{corrects}", DIM)


def _alert(event: Event) -> Text:
    alert: Any = event.payload
    severity: AlertSeverity = alert.severity
    line = Text(f"{severity.value}: ", SEVERITIES[severity])
    return line.append(safe(alert.message), SEVERITIES[severity])


def _trade(event: Event) -> Text:
    trade: Any = event.payload
    line = Text(f"{trade.side.value} {trade.quantity:f} at {price(trade.price)}", "bold cyan")
    line.append(f" for {safe(trade.portfolio_id)}")
    if trade.status is not TradeStatus.FILLED:
        line.append(f", {trade.status.value}", "yellow")
    if trade.reason is not None:
        line.append(f", for it is {word(trade.reason.regime)}")
    return line


def _portfolio(event: Event) -> Text:
    update: Any = event.payload
    line = Text(f"{money(update.total_value)} (", DIM)
    line.append_text(change_text(signed_percent(update.pnl_pct)))
    rest = f"), {percent(update.exposure, 0)} invested, drawdown {percent(update.drawdown_pct)}"
    return line.append(rest, DIM)


def _notice(event: Event) -> Text:
    notice: Any = event.payload
    return Text(safe(f"{words(notice.kind.value)}: {notice.text}"), "italic")


_TOLD: Final[dict[type, Callable[[Event], Text]]] = {
    RegimeUpdate: _regime,
    PriceUpdate: _price,
    PriceAlert: _alert,
    TradeExecution: _trade,
    PortfolioUpdate: _portfolio,
    SystemNotice: _notice,
}
