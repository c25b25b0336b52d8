"""The state of a moment: symbols with what their persona says, portfolios, and the last alerts and trades."""

from typing import Final

from rich.console import Console
from rich.text import Text

from app.answers.state import AlertState, State, SymbolState, TradeState
from app.terminal.figures import (
    count,
    instant,
    instants,
    money,
    percent,
    price,
    safe,
    share,
    signed_percent,
    words,
)
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
"""Alerts, and trades, that are shown; `--json` has 50 of each."""

_PORTFOLIOS: Final = (
    Column("portfolio"),
    Column("value", right=True),
    Column("so far", right=True),
    Column("invested", right=True),
    Column("drawdown", right=True, rank=1),
)


def print_state(console: Console, state: State, known_at: str | None) -> None:
    """All of it."""
    told = f"Market time {instant(state.as_of.occurred_at)}, position {state.position}."
    console.print(told, soft_wrap=True)
    console.print(_known(state, known_at), style=DIM, soft_wrap=True)
    if not state.symbols:
        console.print("Nothing is known of any symbol by then.")
    else:
        console.print()
        _print_symbols(console, state)
    if state.portfolios:
        console.print()
        print_table(console, _PORTFOLIOS, _portfolios(state))
    _print_last(console, state)
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
    since = instants([each.since for each in state.symbols.values()])
    rows = [
        _symbol(name, each, at)
        for (name, each), at in zip(state.symbols.items(), since, strict=True)
    ]
    print_table(console, columns, rows)


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


def _print_last(console: Console, state: State) -> None:
    if state.alerts:
        console.print(f"\nThe last alerts, of {count(len(state.alerts))}:")
        for alert in state.alerts[-LAST_SHOWN:]:
            console.print(_alert(alert), soft_wrap=True)
    if state.trades:
        console.print(f"\nThe last trades, of {count(len(state.trades))}:")
        for trade in state.trades[-LAST_SHOWN:]:
            console.print(_trade(trade), soft_wrap=True)


def _alert(alert: AlertState) -> Text:
    line = Text(f"{instant(alert.timestamp)}  {alert.symbol:<8} ", DIM)
    style = SEVERITIES[alert.severity]
    line.append(f"{alert.severity.value}: {safe(alert.message)}", style)
    return line.append(" (seen)" if alert.acknowledged else "", DIM)


def _trade(trade: TradeState) -> Text:
    line = Text(f"{instant(trade.timestamp)}  {trade.symbol:<8} ", DIM)
    line.append(f"{trade.side.value} {trade.quantity:f} at {price(trade.price)}", "bold cyan")
    return line.append(f" for {safe(trade.portfolio_id)}, {trade.status.value}")
