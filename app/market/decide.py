"""`decide(state, command) -> events`: pure, so the same state and command give the same bytes.

`consider` is the same with more to tell: the state after those events (that of folding them by `evolve`),
and the streams that the decision looked at.

UnknownRule         a rule is to be removed that is not in force
TooManyRules        `RULES_MAX` are in force already
TooManySymbols      the first price of one symbol more than `SYMBOLS_MAX`
UnknownSymbol       a trade of a symbol without a recorded price (and more of `app.market.portfolio`)
"""

from app.market import decide_orders, decide_price
from app.market.commands import (
    AcknowledgeAlert,
    Command,
    MarkPortfolio,
    RecordPrice,
    RecordTrades,
    RemoveAlertRule,
    RepeatRegime,
    SetAlertRule,
)
from app.market.decision import Decision
from app.market.state import MarketState
from events.envelope import NewEvent


def consider(state: MarketState, command: Command) -> Decision:
    """What a command leads to.

    Raises:
        InvalidEvent, AppendConflict: the command makes no sense in this state; see above.
    """
    match command:
        case RecordPrice():
            return decide_price.record(state, command)
        case RepeatRegime():
            return decide_price.repeat(state, command)
        case MarkPortfolio():
            return decide_orders.mark_portfolio(state, command)
        case RecordTrades():
            return decide_orders.record_trades(state, command)
        case SetAlertRule():
            return decide_orders.set_rule(state, command)
        case RemoveAlertRule():
            return decide_orders.remove_rule(state, command)
        case AcknowledgeAlert():
            return decide_orders.acknowledge(state, command)


def decide(state: MarketState, command: Command) -> tuple[NewEvent, ...]:
    """The events that a command leads to, in the order in which they stand in the log.

    A new price gives, first, the final regime (and the alert of a shift, and the paper trades) of a bar
    that ended before it; then the price; then the regime of the ready bar (with its alert and trades), or
    a provisional one if a bare tick made it differ from the one shown; then the alerts of the rules; then
    the value of the portfolios that hold the symbol, if a bar closed. A duplicate gives nothing, a late
    price itself and the notice of a correction.
    """
    return consider(state, command).events
