"""What `decide` knows, and `evolve`, which folds events into it.

The detector, the alert rules' memory and the portfolios live in here, so a fold of the log restores all of
them bit for bit.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from pydantic import ValidationError

from app.market.alerts.rules import AlertRule
from app.market.layered import Layered
from app.market.portfolio import Portfolio, marked, opened, traded
from app.market.rule_book import RuleBook
from app.market.setup import DEFAULT_SETUP, MarketSetup
from app.market.symbol import PriceStep, SymbolState, advance, is_late, late
from events.catalog import (
    SYSTEM_ENTITY,
    Channel,
    NoticeKind,
    Payload,
    PortfolioUpdate,
    PriceUpdate,
    SystemNotice,
    TradeExecution,
    TradeStatus,
)

SYSTEM_STREAM: Final = f"{Channel.SYSTEM.value}:{SYSTEM_ENTITY}"
MANUAL: Final = "manual"
PAPER: Final = "paper"

READ_CHANNELS: Final = (Channel.PRICES, Channel.TRADES, Channel.PORTFOLIO, Channel.SYSTEM)
"""The channels whose events change the state."""


class MarketState(NamedTuple):
    """All symbols, portfolios and rules, as the log left them. A tuple: every event makes a new one.

    Attributes:
        setup: what it was folded with.
        symbols: those that have a recorded price.
        portfolios: those that have a recorded trade that was not rejected.
        rules: the alert rules in force.
        versions: the version of every stream of trades, portfolio and system.
    """

    setup: MarketSetup
    symbols: Mapping[str, SymbolState]
    portfolios: Mapping[str, Portfolio]
    rules: RuleBook
    versions: Mapping[str, int]

    def of(self, symbol: str) -> SymbolState:
        """The symbol's state, or the one before its first price."""
        return self.symbols.get(symbol) or SymbolState(self.setup.detector.initial())

    def version_of(self, stream: str) -> int:
        """The version of a stream that `decide` reads; 0 before its first event."""
        channel, _, entity = stream.partition(":")
        if channel == Channel.PRICES:
            known = self.symbols.get(entity)
            return 0 if known is None else known.prices_version
        return self.versions.get(stream, 0)

    def versions_of(self, streams: Iterable[str]) -> dict[str, int]:
        """The versions that the append of a decision expects: of every stream that it looked at."""
        return {stream: self.version_of(stream) for stream in streams}


def initial(setup: MarketSetup = DEFAULT_SETUP) -> MarketState:
    """The state before the first event."""
    return MarketState(setup, {}, {}, RuleBook(setup.rules), {})


def evolve(state: MarketState, payload: Payload, source: str) -> MarketState:
    """The state after a recorded event. Hand-made ones (source `manual`) are counted, and change nothing else."""
    match payload:
        case PriceUpdate():
            return _price(state, payload, source)
        case TradeExecution():
            stream = f"{Channel.TRADES.value}:{payload.portfolio_id}"
            after = state if source == MANUAL else with_trade(state, payload, source)
        case PortfolioUpdate():
            stream = f"{Channel.PORTFOLIO.value}:{payload.portfolio_id}"
            after = state if source == MANUAL else with_mark(state, payload)
        case SystemNotice():
            stream = SYSTEM_STREAM
            after = state if source == MANUAL else _notice(state, payload)
        case _:
            return state
    return counted(after, stream)


def counted(state: MarketState, stream: str) -> MarketState:
    """The state after one more event of a stream."""
    versions = {**state.versions, stream: state.versions.get(stream, 0) + 1}
    return state._replace(versions=versions)


def with_symbol(state: MarketState, symbol: str, after: SymbolState) -> MarketState:
    """The state with one symbol moved on."""
    return state._replace(symbols=Layered.of(state.symbols).with_entry(symbol, after))


def with_trade(state: MarketState, trade: TradeExecution, source: str) -> MarketState:
    """The state with a trade taken into its portfolio, which the first that is not rejected opens."""
    setup, name = state.setup, trade.portfolio_id
    before = state.portfolios.get(name)
    if before is None:
        if trade.status is TradeStatus.REJECTED:
            return state
        before = opened(name, setup.cash, paper=source == PAPER)
    after = traded(before, trade, setup.cash, setup.paper_fee)
    return state._replace(portfolios={**state.portfolios, name: after})


def with_mark(state: MarketState, update: PortfolioUpdate) -> MarketState:
    """The state with what a mark of a portfolio leaves behind."""
    before = state.portfolios.get(update.portfolio_id)
    if before is None:
        return state
    after = marked(before, update)
    return state._replace(portfolios={**state.portfolios, update.portfolio_id: after})


def _price(state: MarketState, payload: PriceUpdate, source: str) -> MarketState:
    symbol = payload.symbol
    before = state.of(symbol)
    if payload.corrects is not None or is_late(before, payload.timestamp):
        return with_symbol(state, symbol, late(before))
    step = PriceStep(symbol, payload.price, payload.timestamp, payload.bar_s, source)
    moved = advance(state.setup, state.rules.watched(symbol), before, step)
    return with_symbol(state, symbol, moved.after)


def _notice(state: MarketState, notice: SystemNotice) -> MarketState:
    if notice.kind is NoticeKind.ALERT_RULE_SET:
        try:
            rule = AlertRule.model_validate(notice.details)
        except ValidationError:
            # Of another program, or of an older one that allowed it: nothing to watch for here.
            return state
        return state._replace(rules=state.rules.with_rule(rule))
    if notice.kind is NoticeKind.ALERT_RULE_REMOVED:
        return state._replace(rules=state.rules.without(str(notice.details.get("rule_id"))))
    return state
