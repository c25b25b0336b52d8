"""Episodes, and the shifts between them, as tables."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from app.answers.episodes import Episode, Transitions
from app.terminal.figures import (
    count,
    duration,
    instants,
    percent,
    plain,
    share,
    signed_percent,
)
from app.terminal.look import change_text, regime_text
from app.terminal.table import Cell, Column, print_table
from events.catalog import Regime

_EPISODE: Final = (
    Column("symbol"),
    Column("regime"),
    Column("from"),
    Column("to"),
    Column("lasted", right=True, rank=5),
    Column("bars", right=True, rank=2),
    Column("return", right=True),
    Column("drawdown", right=True, rank=1),
    Column("volatility", right=True, rank=4),
    Column("confidence", right=True, rank=3),
    Column("position", right=True),
)


def print_episodes(console: Console, episodes: Sequence[Episode]) -> None:
    """One line an episode."""
    if not episodes:
        console.print("No episode in this range.")
        return
    times = instants([at for each in episodes for at in (each.start, each.end)])
    rows = [
        _episode(each, times[2 * index], times[2 * index + 1])
        for index, each in enumerate(episodes)
    ]
    print_table(console, _EPISODE, rows)
    noun = "episode" if len(episodes) == 1 else "episodes"
    console.print(f"{count(len(episodes))} {noun}. Times are UTC.", style="dim")


def _episode(each: Episode, start: str, end: str) -> Sequence[Cell]:
    lasted = None if each.end is None else (each.end - each.start).total_seconds()
    return (
        each.symbol,
        regime_text(each.regime),
        start,
        "still on" if each.end is None else end,
        duration(lasted),
        count(each.bars),
        change_text(signed_percent(each.total_return)),
        percent(each.maximum_drawdown),
        percent(each.volatility),
        share(each.mean_confidence),
        str(each.position),
    )


_TRANSITION: Final = (
    Column("symbol"),
    Column("regime"),
    Column("episodes", right=True, rank=1),
    Column("mean length", right=True, rank=2),
    Column("mean bars", right=True, rank=3),
    *(Column(f"to {each.value}", right=True) for each in Regime),
)


def print_transitions(console: Console, symbols: Mapping[str, Transitions]) -> None:
    """A line for each regime of each symbol: how often each other one followed it."""
    rows = [
        _transition(symbol, known, regime)
        for symbol, known in symbols.items()
        for regime in Regime
        if known.episodes.get(regime)
    ]
    if not rows:
        console.print("No episode in this range.")
        return
    print_table(console, _TRANSITION, rows)
    console.print("Shifts out of each regime, and their share of all out of it.", style="dim")


def _transition(symbol: str, known: Transitions, regime: Regime) -> Sequence[Cell]:
    mean_bars = known.mean_bars[regime]
    return (
        symbol,
        regime_text(regime),
        count(known.episodes[regime]),
        duration(known.mean_duration_s[regime]),
        plain(mean_bars, 1),
        *(_followed(known, regime, to) for to in Regime),
    )


def _followed(known: Transitions, regime: Regime, to: Regime) -> Text:
    times = known.counts[regime].get(to)
    if not times:
        return Text("-", "dim")
    return Text(f"{times} ({share(known.probabilities[regime][to])})")
