"""The state of a moment: symbols with what their persona says, portfolios, and the last alerts and trades."""

from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

from app.answers.state import AlertState, State, SymbolState, TradeState
from app.market.public_state import KEPT
from app.terminal.figures import (
    asked_text,
    count,
    instant,
    instants,
    money,
    percent,
    place_text,
    price,
    safe,
    share,
    signed_percent,
    words,
)
from app.terminal.folded import print_line, print_text
from app.terminal.likelier import likelier
from app.terminal.look import (
    DIM,
    NO_ADVICE,
    SEVERITIES,
    change_text,
    regime_text,
    style_of,
)
from app.terminal.table import Cell, Column, print_table

LAST_SHOWN: Final = 5
"""Alerts, and trades, that are shown; `--json` has more of each."""

_PORTFOLIOS: Final = (
    Column("portfolio"),
    Column("value", right=True),
    Column("so far", right=True),
    Column("invested", right=True),
    Column("drawdown", right=True, rank=1),
)


@dataclass(frozen=True, slots=True)
class StateAsked:
    """What was asked for.

    Attributes:
        at, known_at, symbol: as they were given.
        same_log: what names this log on a command line.
    """

    at: str | None = None
    known_at: str | None = None
    symbol: str | None = None
    same_log: str = ""


def print_state(console: Console, state: State, asked: StateAsked) -> None:
    """All of it."""
    if state.position == 0 and asked.at is not None and asked.known_at is None:
        told = f"Asked for {asked.at}; nothing had happened by then that was recorded."
        print_text(console, f"{told}\nNothing is known of any symbol by then.\n\n{NO_ADVICE}")
        return
    earlier = asked_text(asked.at, state.as_of.occurred_at)
    before = f"Asked for {earlier}; the last price before it: market" if earlier else "Market"
    place = place_text(asked.at, state.position, known_at=asked.known_at)
    told = f"{before} time {instant(state.as_of.occurred_at)}, {place}."
    print_text(console, told)
    print_text(console, _known(state, asked.known_at), DIM)
    if not state.symbols:
        console.print("Nothing is known of any symbol by then.")
    else:
        console.print()
        _print_symbols(console, state)
        _print_likelier(console, state, asked)
    if state.portfolios:
        console.print()
        print_table(console, _PORTFOLIOS, _portfolios(state))
    _print_last(console, state, asked.symbol)
    console.print(f"\n{NO_ADVICE}")


def _known(state: State, known_at: str | None) -> str:
    if known_at is not None:
        return (
            f"Known at {known_at}: only what had been recorded by then counts,"
            " whatever market time it is of."
        )
    recorded = state.as_of.recorded_at
    return f"As of everything recorded up to {instant(recorded)}; --known-at takes an earlier view."


def _print_symbols(console: Console, state: State) -> None:
    names = {each.persona.name for each in state.symbols.values() if each.persona}
    columns = (
        Column("symbol"),
        Column("regime"),
        Column("confidence", right=True),
        Column("price", right=True),
        Column("since", rank=2),
        Column(f"{safe(min(names, default='persona'))} says", rank=1),
        Column("strategy", rank=3),
    )
    # Beside the market time, so that one symbol's is written as it is among several.
    since = instants([*(each.since for each in state.symbols.values()), state.as_of.occurred_at])
    rows = [
        _symbol(name, each, at)
        for (name, each), at in zip(state.symbols.items(), since, strict=False)
    ]
    print_table(console, columns, rows)


def _print_likelier(console: Console, state: State, asked: StateAsked) -> None:
    """Whose regime is not the most probable one, and who tells why."""
    for name, each in state.symbols.items():
        other = likelier(each.regime, each.probabilities)
        if other is not None and each.probabilities is not None:
            line = Text(f"{name}: ")
            line.append_text(regime_text(other))
            line.append(f" is more probable ({share(each.probabilities[other])}); why ")
            line.append_text(regime_text(each.regime))
            line.append(f" holds: synapse explain {state.position} --symbol {name}{asked.same_log}")
            console.print(line, soft_wrap=True)


def _symbol(name: str, each: SymbolState, since: str) -> tuple[Cell, ...]:
    said = "-" if each.persona is None else safe(each.persona.message)
    strategy = words(each.strategy_recommendation or "-")
    kept = "" if each.target_exposure is None else f", {percent(each.target_exposure, 0)} invested"
    return (
        Text(name, "bold"),
        regime_text(each.regime),
        share(each.confidence),
        price(each.price),
        since,
        Text(said, style_of(each.regime)),
        f"{strategy}{kept}",
    )


def _portfolios(state: State) -> list[tuple[Cell, ...]]:
    return [
        (
            safe(name),
            money(each.total_value),
            change_text(signed_percent(each.pnl_pct)),
            percent(each.exposure, 0),
            percent(each.drawdown_pct),
        )
        for name, each in state.portfolios.items()
    ]


def _print_last(console: Console, state: State, symbol: str | None) -> None:
    if state.alerts:
        console.print()
        print_text(console, _last("alert", len(state.alerts), symbol))
        for alert in state.alerts[-LAST_SHOWN:]:
            print_line(console, _before(alert), _alert(alert))
    if state.trades:
        console.print()
        print_text(console, _last("trade", len(state.trades), symbol))
        for trade in state.trades[-LAST_SHOWN:]:
            print_line(console, _before(trade), _trade(trade))


def _last(noun: str, there: int, symbol: str | None) -> str:
    """Of how many: where the state has as many as it keeps, there may have been more."""
    of = f" of {safe(symbol)}" if symbol else ""
    if there <= LAST_SHOWN:
        return f"The last {noun}s{of}:"
    if symbol is None and there < KEPT:
        return f"The last {LAST_SHOWN} {noun}s, of {count(there)}:"
    more = f"--json has the newest {count(there)}"
    if symbol is not None:
        more = f"--json has {count(there)}, those among the newest {KEPT} of all symbols"
    return f"The last {LAST_SHOWN} {noun}s{of} ({more}):"


def _before(each: AlertState | TradeState) -> Text:
    return Text(f"{instant(each.timestamp)}  {each.symbol:<8} ", DIM)


def _alert(alert: AlertState) -> Text:
    style = SEVERITIES[alert.severity]
    line = Text(f"{alert.severity.value}: {safe(alert.message)}", style)
    return line.append(" (seen)" if alert.acknowledged else "", DIM)


def _trade(trade: TradeState) -> Text:
    line = Text(f"{trade.side.value} {trade.quantity:f} at {price(trade.price)}", "bold cyan")
    return line.append(f" for {safe(trade.portfolio_id)}, {trade.status.value}")
