"""A what-if as tables for people; a mark has a sign and a word, and a colour where there are colours."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from rich.text import Text

from app.analysis.hindsight_result import Said
from app.analysis.whatif_result import LabelDelays, Side, SymbolWhatIf, WhatIf
from app.analysis.whatif_shifts import Kind, ShiftPair
from app.terminal.figures import NOTHING, count, counted, money, percent, signed_percent
from app.terminal.look import change_text, regime_text, word
from app.terminal.table import Cell, Column, print_table
from app.whatif.notes import never_said, notes_of
from app.whatif.words import is_daily, say, stamp_text, time_text
from events.catalog import Regime

if TYPE_CHECKING:
    from rich.console import Console

SHIFTS_SHOWN_MAX: Final = 100
"""Shifts of one symbol in a table, and labels in another: the newest."""

_MARKS: Final[Mapping[Kind, tuple[str, str]]] = {
    "same": ("=", "dim"),
    "earlier": ("<", "green"),
    "later": (">", "yellow"),
    "missed": ("-", "red"),
    "false": ("+", "magenta"),
}
_SHIFT: Final = (
    Column(""),
    Column("into"),
    Column("recorded"),
    Column("other"),
    Column("by", rank=1),
    Column("meanwhile", rank=2),
)
_SIDES: Final = (Column(""), Column("recorded", right=True), Column("other", right=True))
_LABEL: Final = (
    Column("label"),
    Column("top"),
    Column("bottom", rank=3),
    Column("fall", right=True, rank=1),
    Column("could be known", rank=2),
    Column("recorded", right=True),
    Column("other", right=True),
)


def show(found: WhatIf, constants: Mapping[str, float], console: "Console") -> None:
    """Print it."""
    changed = ", ".join(f"{name}={value:g}" for name, value in constants.items())
    with_them = f" with {changed}" if changed else ""
    prices = counted(found.prices, "price")
    say(console, f"What if: {stamp_text(found.detector)}{with_them}, over {prices}")
    for symbol in found.symbols.values():
        console.print()
        _show_symbol(symbol, found.detector.name, console)
    console.print()
    for line in notes_of(found):
        say(console, line)
    say(console, found.disclaimer, "dim")


def _show_symbol(found: SymbolWhatIf, other: str, console: "Console") -> None:
    if found.first_at is None or found.last_at is None:
        say(console, f"[bold]{found.symbol}[/]: no bar closes in this span")
        return
    bars = found.compared + found.only_recorded + found.only_other
    daily = is_daily(found.first_at, found.last_at, bars)
    first, last = (time_text(at, daily=daily) for at in (found.first_at, found.last_at))
    agreement = "no bar in common"
    if found.agreement is not None:
        agreement = f"the same regime at {percent(found.agreement)} of them"
    say(
        console,
        f"[bold]{found.symbol}[/]: {counted(bars, 'bar')} from {first} to {last}, {agreement}",
    )
    if found.no_difference:
        say(console, "[green]= no difference[/]: every bar, shift and trade is the same")
    counts = ", ".join(f"{count(number)} {kind}" for kind, number in found.counts.items())
    say(console, f"{counts}, relative to the log")
    for line in never_said(found, other):
        say(console, line)
    _show_shifts(found.shifts, console, daily=daily)
    print_table(console, _SIDES, [(name, *cells) for name, cells in _rows(found)])
    _show_labels(found.labels, console, daily=daily)


def _show_shifts(pairs: tuple[ShiftPair, ...], console: "Console", *, daily: bool) -> None:
    console.print()
    if pairs:
        print_table(console, _SHIFT, [_shift(pair, daily) for pair in pairs[-SHIFTS_SHOWN_MAX:]])
        _show_more(len(pairs), console)
        if any(pair.meanwhile for pair in pairs):
            say(console, "meanwhile: what the log without that shift said then.", "dim")
        console.print()


def _shift(pair: ShiftPair, daily: bool) -> tuple[Cell, ...]:
    sign, style = _MARKS[pair.kind]
    lag = ""
    if pair.bars:
        lag = f"{counted(abs(pair.bars), 'bar')}, {_days(abs(pair.days or 0))}"
    return (
        Text(f"{sign} {pair.kind}", style),
        regime_text(pair.regime),
        time_text(pair.recorded_at, daily=daily),
        time_text(pair.other_at, daily=daily),
        lag,
        _meanwhile(pair),
    )


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:,.3g} days" if days < 1000 else f"{days:,.0f} days"


def _meanwhile(pair: ShiftPair) -> Cell:
    if pair.meanwhile is None:
        return ""
    # It said so already, and only did not shift into it then.
    already = " already" if pair.meanwhile is pair.regime else ""
    return f"{word(pair.meanwhile)}{already}"


def _rows(found: SymbolWhatIf) -> Iterator[tuple[str, list[Cell]]]:
    sides = (found.recorded, found.other)
    yield "detector", [_detectors(side) for side in sides]
    yield "shifts", [count(side.shifts) for side in sides]
    yield "shifts a year", [_yearly(side) for side in sides]
    for regime in Regime:
        times = [side.regimes.get(regime) for side in sides]
        if any(times):
            shown: list[Cell] = [
                NOTHING if t is None else f"{percent(t.share)}, {counted(t.bars, 'bar')}"
                for t in times
            ]
            yield f"time in {regime.value}", shown
    if any(side.warming_up for side in sides):
        yield "bars warming up", [count(side.warming_up) for side in sides]
    papers, share = [side.paper for side in sides], f"{found.symbol}'s share"
    yield f"paper money, {share} before", [money(paper.value_before) for paper in papers]
    yield f"paper money, {share} after", [money(paper.value_after) for paper in papers]
    yield "return", [change_text(signed_percent(paper.total_return)) for paper in papers]
    yield "maximum drawdown", [percent(paper.maximum_drawdown) for paper in papers]
    yield "trades", [count(paper.trades) for paper in papers]
    yield "fees", [money(paper.fees) for paper in papers]
    yield "price", [change_text(signed_percent(found.price_change))] * 2


def _detectors(side: Side) -> str:
    return ", ".join(f"{each.name} {each.version}" for each in side.detectors) or NOTHING


def _yearly(side: Side) -> str:
    return NOTHING if side.shifts_a_year is None else f"{side.shifts_a_year:.1f}"


def _show_labels(
    labels: tuple[LabelDelays, ...] | None, console: "Console", *, daily: bool
) -> None:
    if not labels:
        return
    console.print()
    say(console, "Bears and crashes by hindsight, and how long after its top each said so")
    print_table(console, _LABEL, [_label(each, daily) for each in labels[-SHIFTS_SHOWN_MAX:]])
    _show_more(len(labels), console)


def _label(each: LabelDelays, daily: bool) -> tuple[Cell, ...]:
    top, bottom, known = (
        time_text(at, daily=daily) for at in (each.top_at, each.bottom_at, each.known_at)
    )
    return (
        each.label,
        top,
        bottom if each.settled else f"{bottom} so far",
        signed_percent(each.fall),
        known,
        _delay(each.recorded),
        _delay(each.other),
    )


def _delay(said: Said | None) -> Cell:
    if said is None:
        return Text("never", "red")
    return "before" if said.before_it_began else counted(said.bars, "bar")


def _show_more(number: int, console: "Console") -> None:
    if number > SHIFTS_SHOWN_MAX:
        say(console, f"and {count(number - SHIFTS_SHOWN_MAX)} before them: --json has all")
