"""A replay in a terminal: the picture that moves, and the keys; both are given back as they were."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from app.client.log import Log
from app.client.messages import Event
from app.market.persona import DEFAULT_PERSONA, PERSONAS, Persona
from app.moments import parse_bound
from app.terminal.keys import Key, keyboard
from app.terminal.lines import is_of
from app.terminal.pace import Pace
from app.terminal.player import Player
from app.terminal.scene import RECENT_KEPT, Scene
from app.terminal.screen import View, picture

BEFORE_EVENTS: Final = 800
"""Prices and regimes before the beginning that fill the chart: some 400 bars."""


@dataclass(slots=True)
class Watched:
    """What is watched: a scene as it was at the beginning, and the events from there on."""

    scene: Scene
    events: Iterable[Event]
    symbol: str | None
    persona: Persona

    @classmethod
    def of(
        cls,
        log: Log,
        events: Iterable[Event],
        *,
        since: str | None,
        until: str | None,
        symbol: str | None,
    ) -> Self:
        """Of a log; with a beginning, the chart already shows what was before it."""
        state = log.state()
        names = {each.persona.name for each in state.symbols.values() if each.persona}
        persona = next((one for one in PERSONAS.values() if one.name in names), None)
        scene = Scene()
        if since is not None:
            _fill(scene, log, since, sorted(state.symbols) if symbol is None else [symbol])
        return cls(
            scene,
            events,
            symbol or _first_known(log, since, until),
            persona or PERSONAS[DEFAULT_PERSONA],
        )

    def next_symbol(self) -> None:
        """Look at the next symbol that has appeared."""
        names = list(self.scene.tracks)
        if names:
            at = names.index(self.symbol) if self.symbol in names else -1
            self.symbol = names[(at + 1) % len(names)]


def _first_known(log: Log, since: str | None, until: str | None) -> str | None:
    """Of the symbols that have a regime in the range, the one that the log knew first."""
    there = {each.symbol for each in log.episodes(since=since, until=until)}
    first = sorted(log.episodes(), key=lambda each: each.position)
    return next((each.symbol for each in first if each.symbol in there), None)


def _fill(scene: Scene, log: Log, since: str, symbols: Iterable[str]) -> None:
    until, before = parse_bound(since, end=False) - timedelta(microseconds=1), list[Event]()
    for symbol in symbols:
        chart = log.events(
            until=until, channels=["prices", "regime"], symbols=[symbol], last=BEFORE_EVENTS
        )
        told = log.events(
            until=until, channels=["price_alerts", "trades"], symbols=[symbol], last=RECENT_KEPT
        )
        before += [*chart, *(each for each in told if is_of(each, [symbol]))]
    scene.begin(sorted(before, key=lambda each: each.position))


def watch(console: Console, watched: Watched, pace: Pace) -> None:
    """Show it until it ends or somebody quits; the last picture stays."""
    with keyboard() as keys:
        player = Player(watched.events, pace, time.monotonic)
        helping = False

        def seen(*, alive: bool) -> Text:
            view = View(
                watched.symbol,
                watched.persona,
                str(pace.speed),
                pace.market_time,
                player.paused,
                player.ended,
                alive and keys is not None,
                helping,
            )
            width, height = console.size
            # What stays leaves room for what the shell says next.
            return picture(watched.scene, view, width, height if alive else height - 2)

        def on_key(key: Key) -> None:
            nonlocal helping
            helping = key == "help" and not helping
            if key == "symbol":
                watched.next_symbol()

        live = Live(seen(alive=True), console=console, screen=True, auto_refresh=False)

        def show() -> None:
            now = seen(alive=True)
            if now != live.renderable:
                live.update(now, refresh=True)

        try:
            # Not by `with`: Ctrl-C in the first picture would leave the terminal on its other screen.
            live.start(refresh=True)
            player.play(watched.scene.add, show, keys or _asleep, on_key)
        finally:
            live.stop()
    console.print(seen(alive=False))


def _asleep(seconds: float) -> Key | None:
    time.sleep(seconds)
    return None
