"""What people and other systems ask for: trades, rules, acknowledgements, the value of a portfolio."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from app.market.commands import (
    AcknowledgeAlert,
    MarkPortfolio,
    RecordTrades,
    RemoveAlertRule,
    SetAlertRule,
)
from app.market.decision import Decision, folded
from app.market.portfolio import check_trade
from app.market.rule_book import RULES_MAX
from app.market.state import SYSTEM_STREAM, MarketState, counted, with_trade
from app.market.valuation import held_symbols, portfolio_reads, with_marks
from events.catalog import Channel, NoticeKind, SystemNotice, TradeExecution
from events.envelope import NewEvent
from events.errors import AppendConflict, InvalidEvent
from events.ids import named_id

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class TradeTaken(AppendConflict):
    """A trade whose id was used before, for another one."""

    code = "duplicate_event"

    def __init__(self, trade: TradeExecution) -> None:
        super().__init__(
            f"trade {trade.trade_id} of portfolio {trade.portfolio_id} is recorded with other content"
        )


class UnknownRule(InvalidEvent):
    """A rule is to be removed that is not in force."""

    code = "unknown_rule"

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"there is no alert rule {rule_id!r}")


class TooManyRules(InvalidEvent):
    """`RULES_MAX` rules are in force already."""

    code = "too_many_rules"

    def __init__(self) -> None:
        super().__init__(f"there are {RULES_MAX} alert rules already: remove one first")


def trade_event_id(trade: TradeExecution) -> UUID:
    """The id of an outside trade's event: the same trade twice is recorded once."""
    return named_id(f"trade|{trade.portfolio_id}|{trade.trade_id}")


def acknowledgement_id(alert_id: str) -> UUID:
    """The id of the acknowledgement of an alert: one is enough."""
    return named_id(f"acknowledged|{alert_id}")


def record_trades(state: MarketState, command: RecordTrades) -> Decision:
    """Trades from outside, and the value of their portfolios after them.

    Raises:
        TradeTaken: the id of one was used for another trade of the portfolio.
        InvalidEvent, AppendConflict: as `check_trade`.
    """
    events: list[NewEvent] = []
    reads: list[str] = []
    causes: dict[str, NewEvent] = {}
    known = dict(command.recorded)
    for trade in command.trades:
        name = trade.portfolio_id
        reads += [f"{Channel.TRADES.value}:{name}", f"{Channel.PRICES.value}:{trade.symbol}"]
        event = NewEvent(payload=trade, event_id=trade_event_id(trade), source=command.source)
        if event.event_id in known:
            if known[event.event_id] != trade:
                raise TradeTaken(trade)
            continue
        known[event.event_id] = trade
        events.append(event)
        check_trade(
            state.portfolios.get(name),
            trade,
            known=state.of(trade.symbol).last_price is not None,
            portfolios=len(state.portfolios),
        )
        state = counted(with_trade(state, trade, command.source), event.stream)
        if name in state.portfolios:  # a rejected trade opens none
            causes[name] = event
    for name, cause in causes.items():
        portfolio = state.portfolios[name]
        reads += portfolio_reads(portfolio)
        chain = (cause.correlation_id or cause.event_id, cause.event_id)
        event_id = named_id(f"portfolio|{name}|{cause.event_id}")
        state, marks = with_marks(
            state, portfolio, cause.occurred_at, event_id, command.source, chain
        )
        events += marks
    return Decision(tuple(events), state, tuple(reads))


def mark_portfolio(state: MarketState, command: MarkPortfolio) -> Decision:
    """The value of a portfolio at the last prices; nothing if it holds nothing that has one."""
    portfolio = state.portfolios.get(command.portfolio_id)
    if portfolio is None:
        return Decision((), state, (f"{Channel.TRADES.value}:{command.portfolio_id}",))
    reads = tuple(portfolio_reads(portfolio))
    at = max(
        (at for symbol in held_symbols(portfolio) if (at := state.of(symbol).last_at)), default=None
    )
    if at is None:
        return Decision((), state, reads)
    state, marks = with_marks(state, portfolio, at, command.event_id, command.source)
    return Decision(tuple(marks), state, reads)


def set_rule(state: MarketState, command: SetAlertRule) -> Decision:
    """A rule, from now on.

    Raises:
        TooManyRules: it is a new one, and there is no room for it.
    """
    rule = command.rule
    if rule.rule_id not in state.rules.by_id and len(state.rules) >= RULES_MAX:
        raise TooManyRules
    whose = "every symbol" if rule.symbol is None else rule.symbol
    return _noticed(
        state,
        NoticeKind.ALERT_RULE_SET,
        f"alert rule {rule.rule_id} set: {rule.kind.value} of {whose}",
        rule.model_dump(mode="json"),
        _market_time(state),
        (command.event_id, command.source),
    )


def remove_rule(state: MarketState, command: RemoveAlertRule) -> Decision:
    """A rule is in force no longer.

    Raises:
        UnknownRule: it was not.
    """
    if command.rule_id not in state.rules.by_id:
        raise UnknownRule(command.rule_id)
    return _noticed(
        state,
        NoticeKind.ALERT_RULE_REMOVED,
        f"alert rule {command.rule_id} removed",
        {"rule_id": command.rule_id},
        _market_time(state),
        (command.event_id, command.source),
    )


def acknowledge(state: MarketState, command: AcknowledgeAlert) -> Decision:
    """Somebody has seen an alert; that it is one, the caller has made sure of."""
    who = f" by {command.by}" if command.by else ""
    details: dict[str, JsonValue] = {
        "alert_id": command.alert_id,
        "symbol": command.symbol,
        "by": command.by,
        "note": command.note,
    }
    return _noticed(
        state,
        NoticeKind.ALERT_ACKNOWLEDGED,
        f"alert {command.alert_id} of {command.symbol} acknowledged{who}",
        details,
        max(command.alert_at, _market_time(state, command.symbol)),
        (acknowledgement_id(command.alert_id), command.source),
    )


def _noticed(
    state: MarketState,
    kind: NoticeKind,
    text: str,
    details: dict[str, JsonValue],
    at: datetime,
    identity: tuple[UUID, str],
) -> Decision:
    notice = SystemNotice(kind=kind, text=text, details=details, timestamp=at)
    event_id, source = identity
    event = NewEvent(payload=notice, event_id=event_id, source=source)
    return folded(state, (event,), SYSTEM_STREAM)


def _market_time(state: MarketState, symbol: str | None = None) -> datetime:
    """The time of the last price: what people do to a market happens in the market's time.

    Of all symbols, for a rule: then what is said of it later is dated later, whatever symbol it is for.
    """
    of_one = None if symbol is None else state.symbols.get(symbol)
    known = list(state.symbols.values()) if of_one is None else [of_one]
    return max((each.last_at for each in known if each.last_at), default=_BEGINNING)
