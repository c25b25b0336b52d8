"""A what-if as tables for people; a mark has a sign and a word, and a colour where there are colours."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from app.analysis.whatif_result import Side, SymbolWhatIf, WhatIf
from app.analysis.whatif_shifts import Kind, ShiftPair
from events.catalog import DetectorStamp, Regime
from events.scalars import format_time

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SHIFTS_SHOWN_MAX: Final = 100
"""Shifts of one symbol in a table: the newest."""

_MARKS: Final[Mapping[Kind, tuple[str, str]]] = {
    "same": ("=", "dim"),
    "earlier": ("<", "green"),
    "later": (">", "yellow"),
    "missed": ("-", "red"),
    "false": ("+", "magenta"),
}
_COLOURS: Final[Mapping[Regime, str]] = {
    Regime.BULL: "green",
    Regime.BEAR: "red",
    Regime.CRASH: "bold red",
    Regime.SIDEWAYS: "cyan",
}
_DAILY: Final = timedelta(hours=20)


def show(found: WhatIf, constants: Mapping[str, float], console: "Console") -> None:
    """Print it."""
    changed = ", ".join(f"{name}={value:g}" for name, value in constants.items())
    with_them = f" with {changed}" if changed else ""
    console.print(f"What if: {stamp_text(found.detector)}{with_them}, over {found.prices} prices")
    for symbol in found.symbols.values():
        console.print()
        _show_symbol(symbol, console)
    console.print()
    for line in _notes(found):
        console.print(line, soft_wrap=True)
    console.print(found.disclaimer, style="dim", soft_wrap=True)


def stamp_text(stamp: DetectorStamp) -> str:
    """A detector, so that it can be told from its variants."""
    return f"{stamp.name} {stamp.version} ({stamp.constants_hash})"


def regime_text(regime: Regime | None) -> str:
    """A regime, coloured; a dash for none."""
    return "–" if regime is None else f"[{_COLOURS[regime]}]{regime.value}[/]"


def time_text(at: datetime | None, *, daily: bool) -> str:
    """A time: the day alone where bars are days."""
    if at is None:
        return "–"
    return at.date().isoformat() if daily else format_time(at)[:19] + "Z"


def per_cent(value: float | None) -> str:
    """A fraction; with its sign where it is a change."""
    return "–" if value is None else f"{value:.1%}"


def is_daily(first_at: datetime | None, last_at: datetime | None, bars: int) -> bool:
    """Whether bars are so long that the day names them."""
    return (
        first_at is None
        or last_at is None
        or bars < 2
        or (last_at - first_at) / (bars - 1) > _DAILY
    )


def _show_symbol(found: SymbolWhatIf, console: "Console") -> None:
    if found.first_at is None or found.last_at is None:
        console.print(f"[bold]{found.symbol}[/]: no bar closes in this span")
        return
    bars = found.compared + found.only_recorded + found.only_other
    daily = is_daily(found.first_at, found.last_at, bars)
    first, last = (time_text(at, daily=daily) for at in (found.first_at, found.last_at))
    agreement = "no bar in common"
    if found.agreement is not None:
        agreement = f"the same regime at {per_cent(found.agreement)} of them"
    console.print(f"[bold]{found.symbol}[/]: {bars} bars from {first} to {last}, {agreement}")
    if found.no_difference:
        console.print("[green]= no difference[/]: every bar, shift and trade is the same")
    console.print(", ".join(f"{count} {kind}" for kind, count in found.counts.items()))
    if found.shifts:
        console.print(_shifts(found.shifts, daily=daily))
    if (more := len(found.shifts) - SHIFTS_SHOWN_MAX) > 0:
        console.print(f"and {more} before them: --json has all")
    console.print(_sides(found))


def _shifts(pairs: tuple[ShiftPair, ...], *, daily: bool) -> "Table":
    from rich.table import Table

    table = Table("", "into", "recorded", "other", "by", "meanwhile")
    for pair in pairs[-SHIFTS_SHOWN_MAX:]:
        sign, style = _MARKS[pair.kind]
        lag = "" if pair.bars is None else f"{abs(pair.bars)} bars, {abs(pair.days or 0):g} days"
        who = "other" if pair.kind == "missed" else "recorded"
        meanwhile = f"{who}: {regime_text(pair.meanwhile)}" if pair.meanwhile else ""
        table.add_row(
            f"[{style}]{sign} {pair.kind}[/]",
            regime_text(pair.regime),
            time_text(pair.recorded_at, daily=daily),
            time_text(pair.other_at, daily=daily),
            "" if pair.kind == "same" else lag,
            meanwhile,
        )
    return table


def _sides(found: SymbolWhatIf) -> "Table":
    from rich.table import Table

    table = Table("", "recorded", "other")
    for name, values in _rows(found.recorded, found.other):
        table.add_row(name, *values)
    table.add_row("price", *[per_cent(found.price_change)] * 2)
    return table


def _rows(*sides: Side) -> Iterator[tuple[str, list[str]]]:
    yield "detector", ["\n".join(map(stamp_text, side.detectors)) or "–" for side in sides]
    yield "shifts", [str(side.shifts) for side in sides]
    yield (
        "shifts a year",
        ["–" if side.shifts_a_year is None else f"{side.shifts_a_year:.1f}" for side in sides],
    )
    for regime in Regime:
        times = [side.regimes.get(regime) for side in sides]
        if any(times):
            shown = ["–" if t is None else f"{per_cent(t.share)}, {t.bars} bars" for t in times]
            yield f"time in {regime.value}", shown
    if any(side.warming_up for side in sides):
        yield "bars warming up", [str(side.warming_up) for side in sides]
    papers = [side.paper for side in sides]
    yield "paper money before", [_money(paper.value_before) for paper in papers]
    yield "paper money after", [_money(paper.value_after) for paper in papers]
    yield "return", [per_cent(paper.total_return) for paper in papers]
    yield "maximum drawdown", [per_cent(paper.maximum_drawdown) for paper in papers]
    yield "trades", [str(paper.trades) for paper in papers]
    yield "fees", [_money(paper.fees) for paper in papers]


def _notes(found: WhatIf) -> Iterator[str]:
    for name, symbol in found.symbols.items():
        for held in symbol.portfolios:
            what = (
                "are the recorded side's, to the last digit"
                if held.as_shown
                else "are not the recorded side's: other paper money or fees, or regimes that are not in the log"
            )
            yield f"{name}: the {held.trades} trades of the log's portfolio {held.portfolio_id} {what}"
        if not symbol.portfolios and symbol.compared:
            yield f"{name}: no paper portfolio of the log traded it in this span; both sides are run here"
        if symbol.only_recorded or symbol.only_other:
            yield (
                f"{name}: {symbol.only_recorded} bars only in the recorded log, {symbol.only_other} only in the"
                " other: single ticks make bars of --bar-s seconds, which the recorder may have had otherwise"
            )
        if len(symbol.recorded.detectors) > 1:
            yield f"{name}: the recorded side was said by more than one detector"
    if found.late_prices:
        yield f"{found.late_prices} late prices make no regime, here as there"
    if found.by_hand:
        yield f"{found.by_hand} regimes that were set by hand are left out"


def _money(value: Decimal) -> str:
    return f"{value:,.2f}"
