"""`synapse tail`: the newest events, and those that follow, one line each."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.commands.ask import (
    Db,
    Since,
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
from events.catalog import Channel

if TYPE_CHECKING:
    from app.client.messages import Event

LAST: Final = 20
"""Events shown at first, where none are asked for."""

LAST_MAX: Final = 5_000
"""Of `--last`."""

Channels = Annotated[
    list[Channel] | None,
    typer.Option(
        "--channel",
        "-c",
        metavar="CHANNEL",
        help=f"Of this channel only; may be given several times: {', '.join(Channel)}.",
    ),
]
Symbols = Annotated[
    list[str] | None,
    typer.Option(
        "--symbol",
        "-s",
        metavar="SYMBOL",
        help="Of this symbol only; may be given several times.",
    ),
]
Last = Annotated[
    int | None,
    typer.Option(
        "--last",
        "-n",
        metavar="COUNT",
        min=0,
        max=LAST_MAX,
        help=f"Begin with the newest so many; {LAST}, if not told.",
    ),
]


def register(app: typer.Typer) -> None:
    """Put the command on the program."""
    example = "Example: synapse tail --channel regime --channel trades --last 50"
    app.command("tail", epilog=example)(tail_command)


def tail_command(  # noqa: PLR0913, PLR0917  # one parameter for each option
    channel: Channels = None,
    symbol: Symbols = None,
    last: Last = None,
    since: Since = None,
    until: Until = None,
    no_follow: Annotated[
        bool, typer.Option("--no-follow", help="Show what is there, and end.")
    ] = False,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also provisional regimes, and those that stay what they were."),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Every event as a line of JSON, as the socket sends it."),
    ] = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Follow the log: what happens, as it is recorded, one line an event. Ctrl-C ends it.

    With --until it reads the past, and ends.
    """
    if since is not None and last is not None:
        raise typer.BadParameter("give either --since or --last, not both")
    with asked_log(db, url, token) as log:
        from app.terminal.followed import Asked

        ends = no_follow or until is not None
        if ends:
            refuse_empty(log)
        say_if_what_if(log)
        asked = Asked(_names(channel), symbol or None, everything or as_json)
        show, head = _json_lines if as_json else _lines(), log.head()
        asked.check(log, head)
        if since is None:
            with waiting("Looking for the newest events"):
                first: Iterable[Event] = asked.newest(
                    log, head, LAST if last is None else last, until
                )
        else:
            first = asked.since(log, head, since, until)
        for event in first:
            show(event)
        if ends:
            return
        if head.position == 0:
            _say("this log is empty: waiting for its first event")
        followed = (
            asked.following(log, head)
            if url is None
            else asked.following_server(log, head, url, token, _say)
        )
        for event in followed:
            show(event)


def _names(channels: list[Channel] | None) -> list[str] | None:
    return [each.value for each in channels] if channels else None


def _lines() -> "Callable[[Event], None]":
    from app.terminal.folded import print_line
    from app.terminal.lines import event_parts

    shell = console()
    return lambda event: print_line(shell, *event_parts(event))


def _json_lines(event: "Event") -> None:
    from app.terminal.message import message_of

    print_json(message_of(event))


def _say(text: str) -> None:
    typer.echo(f"synapse: {text}", err=True)
