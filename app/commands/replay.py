"""`synapse replay`: the log again at a pace: a moving chart in a terminal, a line a shift in a pipe."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.ask import (
    Db,
    Since,
    Symbol,
    Token,
    Until,
    Url,
    asked_log,
    console,
    print_json,
    refuse_empty,
    say_if_what_if,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from app.client.messages import Event
    from app.terminal.pace import Pace, Speed


def register(app: typer.Typer) -> None:
    """Put the command on the program."""
    example = (
        "Example: synapse replay --since 2008-09-01 --until 2008-12-31 --speed 1d/s --symbol SPX"
    )
    app.command("replay", epilog=example)(replay_command)


def _speed(text: str) -> "Speed":
    from app.terminal.pace import parse_speed

    try:
        return parse_speed(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def replay_command(
    since: Since = None,
    until: Until = None,
    symbol: Symbol = None,
    speed: Annotated[
        str,
        typer.Option(
            metavar="SPEED",
            help="Market time a second (1d/s, 6h/s), times as fast as it was (60x),"
            " events a second (10e/s), or max.",
        ),
    ] = "1d/s",
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Every event as a line of JSON, as the socket sends it."),
    ] = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Play the past again: chart, persona, alerts and trades move as they did. Keys: ? tells them."""
    chosen = _speed(speed)
    with asked_log(db, url, token) as log:
        refuse_empty(log)
        say_if_what_if(log)
        from app.terminal.lines import is_of
        from app.terminal.pace import Pace

        symbols = [symbol] if symbol else None
        before = log.head().position + 1
        found = log.events(since=since, until=until, symbols=symbols, before=before)
        events = (event for event in found if is_of(event, symbols))
        pace = Pace(chosen, time.monotonic())
        shell = console()
        if as_json or not sys.stdout.isatty() or shell.is_dumb_terminal:
            _print_paced(shell, events, pace, as_json=as_json)
            return
        from app.terminal.watch import Watched, watch

        with waiting("Reading what was before"):
            watched = Watched.of(log, events, since=since, until=until, symbol=symbol)
        watch(shell, watched, pace)


def _print_paced(
    shell: "Console", events: "Iterable[Event]", pace: "Pace", *, as_json: bool
) -> None:
    from app.terminal.lines import begins_regime, event_line
    from app.terminal.message import message_of
    from app.terminal.player import paced

    event = None
    for event in paced(events, pace, time.monotonic, time.sleep):
        if as_json:
            print_json(message_of(event))
        elif begins_regime(event):
            shell.print(event_line(event), soft_wrap=True)
    if event is None:
        typer.echo("synapse: nothing was recorded in this range", err=True)
