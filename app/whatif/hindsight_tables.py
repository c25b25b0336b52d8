"""What hindsight says of a log, as tables for people; what is missed or false has a sign and a word."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rich.text import Text

from app.analysis.hindsight_result import (
    BroadcastEpisode,
    Calls,
    FalseAlarm,
    Hindsight,
    Label,
    LabelEpisode,
    SymbolHindsight,
)
from app.terminal.figures import NOTHING, count, counted, percent, share, signed_percent
from app.terminal.look import change_text, regime_text, style_of, word
from app.terminal.table import Cell, Column, print_table
from app.whatif.words import is_daily, say, signed_bars, stamp_text, time_text

if TYPE_CHECKING:
    from rich.console import Console

EPISODES_SHOWN_MAX: Final = 100
"""Broadcast episodes of one symbol in a table: the newest."""

LEGEND: Final = (
    "delay: from its top; after known: from where it could be known, said earlier with a minus;"
    " lost, to come: by then, and still; missed: what was said mostly instead."
)
_LABEL: Final = (
    Column("label"),
    Column("top"),
    Column("bottom", rank=5),
    Column("fall", right=True),
    Column("could be known", rank=4),
    Column("said"),
    Column("delay", right=True),
    Column("days", right=True, rank=6),
    Column("after known", right=True),
    Column("lost", right=True, rank=2),
    Column("to come", right=True, rank=3),
)
_ALARM: Final = (
    Column(""),
    Column("from"),
    Column("to"),
    Column("bars", right=True),
    Column("price meanwhile", right=True),
)
_CALLS: Final = (
    Column("label"),
    Column("said and true", right=True),
    Column("said, not true", right=True),
    Column("true, not said", right=True),
    Column("neither", right=True, rank=1),
    Column("precision", right=True),
    Column("recall", right=True),
)
_EPISODE: Final = (
    Column("broadcast"),
    Column("from"),
    Column("to"),
    Column("bars", right=True, rank=1),
    Column("price meanwhile", right=True),
    Column("by hindsight"),
)


def show(found: Hindsight, console: "Console") -> None:
    """Print it."""
    for symbol in found.symbols.values():
        _show_symbol(symbol, console)
        console.print()
    if found.by_hand:
        say(console, f"set by hand, and left out: {counted(found.by_hand, 'regime')}")
    for line in found.limits:
        say(console, f"Mind: {line}.", "dim")
    say(console, found.disclaimer, "dim")


def _show_symbol(found: SymbolHindsight, console: "Console") -> None:
    if not found.bars:
        say(console, f"[bold]{found.symbol}[/]: no bar closes in this span")
        return
    daily = is_daily(found.first_at, found.last_at, found.bars)
    first, last, settled = (
        time_text(at, daily=daily) for at in (found.first_at, found.last_at, found.settled_until)
    )
    who = ", ".join(map(stamp_text, found.detectors))
    say(
        console,
        f"[bold]{found.symbol}[/]: {counted(found.bars, 'bar')} from {first} to {last}, broadcast by {who};"
        f" bears are settled up to {settled}",
    )
    if found.bar_days is not None and not 0.8 <= found.bar_days <= 4:
        say(console, "! these bars are no days: the labels are made for days", "yellow")
    _show_labels(found.labels, console, daily=daily)
    if found.false_alarms:
        _title(console, "False alarms: BEAR or CRASH without a bear or a crash")
        print_table(console, _ALARM, [_alarm(each, daily) for each in found.false_alarms])
    _show_calls(found.calls, console)
    _title(console, "What each broadcast episode was by hindsight, for most of its bars")
    shown = found.episodes[-EPISODES_SHOWN_MAX:]
    print_table(console, _EPISODE, [_episode(each, daily) for each in shown])
    if (more := len(found.episodes) - len(shown)) > 0:
        say(console, f"and {count(more)} before them: --json has all")


def _title(console: "Console", text: str) -> None:
    console.print()
    say(console, text)


def _show_labels(labels: tuple[LabelEpisode, ...], console: "Console", *, daily: bool) -> None:
    if not labels:
        say(console, "no bear and no crash in this span, as far as hindsight knows")
        return
    _title(console, "Bears and crashes by hindsight, and when it was first said")
    print_table(console, _LABEL, [_label(each, daily) for each in labels])
    say(console, LEGEND, "dim")


def _label(each: LabelEpisode, daily: bool) -> tuple[Cell, ...]:
    top, bottom, known = (
        time_text(at, daily=daily) for at in (each.top_at, each.bottom_at, each.known_at)
    )
    return (
        each.label,
        top,
        bottom if each.settled else f"{bottom} so far",
        signed_percent(each.fall),
        known,
        *_said(each, daily),
    )


def _said(each: LabelEpisode, daily: bool) -> tuple[Cell, ...]:
    said = each.said
    if said is None:
        most = max(each.regimes, key=lambda regime: each.regimes[regime])
        missed = Text.assemble(("- missed", "red"), ": ", regime_text(most))
        return (missed, *[NOTHING] * 5)
    when = f"{word(said.regime)} {time_text(said.at, daily=daily)}"
    known = signed_bars(said.bars_after_known)
    lost, to_come = signed_percent(said.lost), signed_percent(said.to_come)
    delay = ("before", NOTHING)
    if not said.before_it_began:
        delay = (counted(said.bars, "bar"), f"{said.days:,.0f}")
    return (Text(when, style_of(said.regime)), *delay, known, lost, to_come)


def _alarm(each: FalseAlarm, daily: bool) -> tuple[Cell, ...]:
    mark = Text("+ false", "magenta") if each.settled else "? not settled"
    since, until = (time_text(at, daily=daily) for at in (each.since, each.until))
    return (mark, since, until, count(each.bars), change_text(signed_percent(each.change)))


def _show_calls(calls: Mapping[Label, Calls], console: "Console") -> None:
    _title(console, "Bar by bar")
    rows: list[tuple[Cell, ...]] = []
    for label, each in calls.items():
        counts = (each.true_calls, each.false_calls, each.missed, each.true_rests)
        shares = (percent(each.precision), percent(each.recall))
        rows.append((label, *map(count, counts), *shares))
    print_table(console, _CALLS, rows)


def _episode(each: BroadcastEpisode, daily: bool) -> tuple[Cell, ...]:
    since, until = (time_text(at, daily=daily) for at in (each.since, each.until))
    sign = "=" if each.regime is each.hindsight else "≠"
    return (
        regime_text(each.regime),
        since,
        until,
        count(each.bars),
        change_text(signed_percent(each.change)),
        Text(f"{sign} {word(each.hindsight)} {share(each.share)}", style_of(each.hindsight)),
    )
