"""What hindsight says of a log, as tables for people; what is missed or false has a sign and a word."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from app.analysis.hindsight_result import (
    Calls,
    Hindsight,
    Label,
    LabelEpisode,
    SymbolHindsight,
)
from app.whatif.tables import is_daily, per_cent, regime_text, stamp_text, time_text
from events.catalog import Regime

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

EPISODES_SHOWN_MAX: Final = 100
"""Broadcast episodes of one symbol in a table: the newest."""


def show(found: Hindsight, console: "Console") -> None:
    """Print it."""
    for symbol in found.symbols.values():
        _show_symbol(symbol, console)
        console.print()
    if found.by_hand:
        console.print(f"{found.by_hand} regimes that were set by hand are left out")
    for line in found.limits:
        console.print(f"Mind: {line}.", style="dim", soft_wrap=True)
    console.print(found.disclaimer, style="dim", soft_wrap=True)


def _show_symbol(found: SymbolHindsight, console: "Console") -> None:
    if not found.bars:
        console.print(f"[bold]{found.symbol}[/]: no bar closes in this span")
        return
    daily = is_daily(found.first_at, found.last_at, found.bars)
    first, last, settled = (
        time_text(at, daily=daily) for at in (found.first_at, found.last_at, found.settled_until)
    )
    who = ", ".join(map(stamp_text, found.detectors))
    console.print(
        f"[bold]{found.symbol}[/]: {found.bars} bars from {first} to {last}, broadcast by {who};"
        f" bears are settled up to {settled}",
        soft_wrap=True,
    )
    if found.bar_days is not None and not 0.8 <= found.bar_days <= 4:
        console.print("! these bars are no days: the labels are made for days", style="yellow")
    if found.labels:
        console.print(_labels(found, daily=daily))
    else:
        console.print("no bear and no crash in this span, as far as hindsight knows")
    if found.false_alarms:
        console.print(_false_alarms(found, daily=daily))
    console.print(_calls(found.calls))
    console.print(_episodes(found, daily=daily))
    if (more := len(found.episodes) - EPISODES_SHOWN_MAX) > 0:
        console.print(f"and {more} before them: --json has all")


def _labels(found: SymbolHindsight, *, daily: bool) -> "Table":
    from rich.table import Table

    table = Table(title="Bears and crashes by hindsight, and when it was first said")
    for name in ("label", "top", "bottom", "fall", "could be known", "said", "delay"):
        table.add_column(name)
    table.add_column("lost by then", justify="right")
    table.add_column("still to come", justify="right")
    for each in found.labels:
        top, bottom, known = (
            time_text(at, daily=daily) for at in (each.top_at, each.bottom_at, each.known_at)
        )
        open_end = "" if each.settled else " (not over, as far as is known)"
        table.add_row(
            each.label, top, f"{bottom}{open_end}", per_cent(each.fall), known, *_said(each, daily)
        )
    return table


def _said(each: LabelEpisode, daily: bool) -> list[str]:
    said = each.said
    if said is None:
        most = max(each.regimes, key=lambda regime: each.regimes[regime])
        return [f"[red]- missed[/]: mostly {regime_text(most)}", "–", "–", "–"]
    delay = f"{said.bars} bars, {said.days:.0f} days"
    if said.before_it_began:
        delay = "none: it was said before"
    text = f"{regime_text(said.regime)} {time_text(said.at, daily=daily)}"
    return [text, delay, per_cent(said.lost), per_cent(said.to_come)]


def _false_alarms(found: SymbolHindsight, *, daily: bool) -> "Table":
    from rich.table import Table

    table = Table(title="False alarms: BEAR or CRASH without a bear or a crash")
    for name in ("", "from", "to", "bars", "price meanwhile"):
        table.add_column(name)
    for each in found.false_alarms:
        mark = "[magenta]+ false[/]" if each.settled else "? not settled"
        since, until = (time_text(at, daily=daily) for at in (each.since, each.until))
        table.add_row(mark, since, until, str(each.bars), f"{each.change:+.1%}")
    return table


def _calls(calls: Mapping[Label, Calls]) -> "Table":
    from rich.table import Table

    table = Table(title="Bar by bar")
    names = ("label", "said and true", "said, not true", "true, not said", "neither")
    for name in (*names, "precision", "recall"):
        table.add_column(name)
    for label, each in calls.items():
        counts = (each.true_calls, each.false_calls, each.missed, each.true_rests)
        table.add_row(label, *map(str, counts), per_cent(each.precision), per_cent(each.recall))
    return table


def _episodes(found: SymbolHindsight, *, daily: bool) -> "Table":
    from rich.table import Table

    table = Table(title="What each broadcast episode was by hindsight, for most of its bars")
    for name in ("broadcast", "from", "to", "bars", "price meanwhile", "by hindsight"):
        table.add_column(name)
    for each in found.episodes[-EPISODES_SHOWN_MAX:]:
        since, until = (time_text(at, daily=daily) for at in (each.since, each.until))
        table.add_row(
            regime_text(each.regime),
            since,
            until,
            str(each.bars),
            f"{each.change:+.1%}",
            f"{_agrees(each.regime, each.hindsight)} {regime_text(each.hindsight)},"
            f" {each.share:.0%} of it",
        )
    return table


def _agrees(said: Regime, was: Regime) -> str:
    return "=" if said is was else "≠"
