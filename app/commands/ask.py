"""What the commands share: which log, the options of a range, JSON, tables, and the exit code of a failed check."""

import io
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.answers.as_json import json_text
from app.config import Settings
from events.catalog import Channel

if TYPE_CHECKING:
    from rich.console import Console

    from app.client.log import Log

TOKEN_VARIABLE: Final = "SYNAPSE_TOKEN"  # noqa: S105  # where it is found, not what it is

CHECK_FAILED: Final = 1
"""Exit code when something was looked at and is not as it must be."""

PIPED_COLUMNS: Final = 200
"""Columns of a table where nobody watches."""

WAITING_S: Final = 0.7
"""How long a question may take before it is told that it does."""

Db = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="PATH_OR_URL",
        help="The log, read beside whoever writes it. Default: SYNAPSE_DATABASE_URL, or synapse.db.",
        rich_help_panel="Which log",
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="A server's log instead, such as http://127.0.0.1:8000.",
        rich_help_panel="Which log",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        envvar=TOKEN_VARIABLE,
        show_envvar=True,
        help="A token of the server, where reading needs one. Safer in the variable: others see a command line.",
        rich_help_panel="Which log",
    ),
]
Symbol = Annotated[
    str | None, typer.Option("--symbol", "-s", metavar="SYMBOL", help="Of this symbol only.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="From this market time or day on: 2008-09-01."),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Up to this market time, or the end of this day."),
]
Position = Annotated[
    int | None,
    typer.Option(
        "--position", metavar="POSITION", min=0, help="With what the log held at this position."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
MOMENT_HELP: Final = (
    "A position, a time (2008-09-15T14:00:00Z), a day (its end), head, or last-shift."
)


@contextmanager
def asked_log(db: str | None, url: str | None, token: str | None = None) -> "Iterator[Log]":
    """The log that the options name, to put questions to.

    Raises:
        LogUnavailable: there is none, or it cannot be read.
    """
    from app.client.connect import connect

    if db is not None and url is not None:
        raise typer.BadParameter("give either --db or --url, not both")
    target = url if url is not None else (db or Settings().database_url)
    if url is not None and not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"--url must look like http://127.0.0.1:8000, not {url!r}")
    with waiting("Opening the log"):
        log = connect(target, token=token)
    with log:
        yield log


def same_log(db: str | None, url: str | None) -> str:
    """What names the same log on another command line, quoted for a shell; nothing where it needs no name."""
    if url is not None:
        return f" --url {shlex.quote(url)}"
    return "" if db is None else f" --db {shlex.quote(db)}"


def say_if_what_if(log: "Log") -> None:
    """Say on standard error that a log is a saved what-if: by its mark, or by the detector of its newest regime.

    Only `synapse whatif` ever runs a variant of a detector.
    """
    from app.market.detector.tunable import VARIANT
    from app.whatif.mark import marked

    if text := marked(log):
        typer.echo(f"synapse: never recorded live. {text}", err=True)
        return
    if Channel.REGIME not in log.channels():
        return
    newest = next(iter(log.events(channels=["regime"], last=1)), None)
    stamp = None if newest is None else getattr(newest.payload, "detector", None)
    if stamp is not None and stamp.version.endswith(VARIANT):
        made = f"made by {stamp.name} {stamp.version}"
        typer.echo(f"synapse: a what-if, never recorded live: {made}", err=True)


def refuse_empty(log: "Log") -> None:
    """Say that there is nothing to be asked about.

    Raises:
        QuestionRefused: the log has no event.
    """
    from app.client.errors import QuestionRefused

    if log.head().position == 0:
        raise QuestionRefused(
            "empty_log",
            "this log is empty: record something first, as with 'synapse import' or 'synapse demo'",
        )


def print_json(value: Any) -> None:
    """One JSON document on one line: models by their names on the wire, exact numbers as text."""
    try:
        sys.stdout.write(json_text(value) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Without its number, for which typer would exit 1: `main` says how a program ends whose reader has gone.
        raise BrokenPipeError from None


def console() -> "Console":
    """Where tables go: standard output; without colour, and as wide as it takes, where that is no terminal."""
    from rich.console import Console

    class Shell(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit 1

    if isinstance(sys.stdout, io.TextIOWrapper):
        # Where signs such as arrows cannot be written, a question mark is better than an end.
        sys.stdout.reconfigure(errors="replace")
    shell = Shell(highlight=False)
    if not shell.is_terminal:
        # A pipe has no width: a table that was folded to 80 columns could not be searched.
        return Shell(highlight=False, width=PIPED_COLUMNS, no_color=True)
    return shell


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Tell on the terminal what takes its time, once it does; nothing where nobody watches."""
    from rich.console import Console

    shell = Console(stderr=True, highlight=False)
    if not shell.is_terminal:
        yield
        return
    status = shell.status(text)
    later = threading.Timer(WAITING_S, status.start)
    later.daemon = True
    later.start()
    try:
        yield
    finally:
        later.cancel()
        later.join()
        status.stop()
