"""Two moments side by side."""

from collections.abc import Callable, Mapping
from typing import Final

from rich.console import Console
from rich.text import Text

from app.answers.compare import (
    Comparison,
    FeatureChange,
    PortfolioThen,
    SymbolChange,
    SymbolThen,
)
from app.terminal.features import in_words, legend
from app.terminal.figures import (
    asked_text,
    counted,
    instant,
    money,
    percent,
    place_text,
    price,
    safe,
    share,
    signed,
    signed_percent,
    words,
)
from app.terminal.folded import print_text
from app.terminal.look import DIM, NO_ADVICE, change_text, regime_text
from app.terminal.table import Cell, Column, print_table
from app.terminal.why_tables import IN_WORDS

_SIDES: Final = (Column(""), Column("A"), Column("B"), Column("change", right=True))

_FACTS: Final[Mapping[str, Callable[[SymbolThen], Cell]]] = {
    "regime": lambda then: regime_text(then.regime),
    "price": lambda then: price(then.price),
    "confidence": lambda then: share(then.confidence),
    "since": lambda then: instant(then.since),
    "strategy": lambda then: words(then.strategy_recommendation or "-"),
    "invested": lambda then: percent(then.target_exposure, 0),
}

_FEATURES: Final = (
    Column("feature"),
    Column("A", right=True),
    Column("B", right=True),
    Column("change", right=True),
    Column("added to the scores"),
    Column(IN_WORDS, rank=1),
)

_PORTFOLIOS: Final = (
    Column("portfolio"),
    Column("A", right=True),
    Column("B", right=True),
    Column("change", right=True),
    Column("invested at A", right=True, rank=1),
    Column("at B", right=True, rank=1),
)


def print_comparison(console: Console, found: Comparison, a: str = "", b: str = "") -> None:
    """Moments with what was asked for, symbols with their drivers, portfolios, and what was recorded between."""
    for name, moment, asked in (("A", found.a, a), ("B", found.b, b)):
        told = asked_text(asked, moment.at)
        line = f"{name}: {instant(moment.at)}, {place_text(asked, moment.position)}"
        print_text(console, f"{line}{told and f', the last price before {told}'}")
    for symbol, change in found.symbols.items():
        console.print()
        console.print(Text(symbol, "bold"))
        _print_symbol(console, change)
    if found.portfolios:
        console.print()
        rows = [
            _portfolio(name, each.a, each.b, each.value_change)
            for name, each in found.portfolios.items()
        ]
        print_table(console, _PORTFOLIOS, rows)
    counts = found.counts
    console.print()
    print_text(
        console,
        f"Between them: {counted(counts.events, 'event')}, {counted(counts.shifts, 'shift')},"
        f" {counted(counts.alerts, 'alert')}, {counted(counts.trades, 'trade')}. {NO_ADVICE}",
    )


def _print_symbol(console: Console, change: SymbolChange) -> None:
    sides = (change.a, change.b)
    rows: list[tuple[Cell, ...]] = []
    for name, cell in _FACTS.items():
        moved = change_text(signed_percent(change.price_change)) if name == "price" else ""
        rows.append((name, *("-" if then is None else cell(then) for then in sides), moved))
    print_table(console, _SIDES, rows)
    if change.features:
        console.print()
        hidden = print_table(console, _FEATURES, [_feature(each) for each in change.features])
        if IN_WORDS in hidden and (words := legend([each.name for each in change.features])):
            print_text(console, f"{words}.", DIM)
    if change.drivers:
        console.print(f"Driven by {', '.join(change.drivers)}.")


def _feature(each: FeatureChange) -> tuple[Cell, ...]:
    added = ", ".join(f"{score} {signed(part)}" for score, part in each.contributions.items())
    return (
        each.name,
        signed(each.a, 3),
        signed(each.b, 3),
        change_text(signed(each.change, 3)),
        added or "-",
        Text(in_words(each.name), DIM),
    )


def _portfolio(
    name: str, a: PortfolioThen | None, b: PortfolioThen | None, change: float | None
) -> tuple[Cell, ...]:
    return (
        safe(name),
        money(a.total_value if a else None),
        money(b.total_value if b else None),
        change_text(signed_percent(change)),
        percent(a.exposure if a else None, 0),
        percent(b.exposure if b else None, 0),
    )
