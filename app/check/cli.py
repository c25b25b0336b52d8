"""`synapse-check URL`: the command line. Exit codes: 0 pass, 1 fail, 2 wrong use or no server, 130 interrupted."""

import asyncio
import os
import secrets
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer

from app.check import plan as limits
from app.check.plan import Plan

if TYPE_CHECKING:
    from app.check.certificate import Certificate
    from app.check.run import Watch
    from app.check.stage import Stage

CHECK_FAILED: Final = 1
WRONG_USE: Final = 2
INTERRUPTED: Final = 130
RUN_BYTES: Final = 3
"""Random bytes in a run's name: its symbols are nobody else's."""

PREFIX_MAX: Final = 16
"""Letters and digits that `--prefix` may have."""

app = typer.Typer(name="synapse-check", add_completion=False, pretty_exceptions_enable=False)


Url = Annotated[str, typer.Argument(metavar="URL", help="The server, as http://127.0.0.1:8000.")]
Token = Annotated[
    str | None,
    typer.Option(
        help="A token that may read and write, every channel. Default: SYNAPSE_TOKEN, which others do not see."
    ),
]
TokenFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A file that holds it, as synapse.db.token.")
]
Writers = Annotated[int, typer.Option(min=1, max=limits.WRITERS_MAX)]
Subscribers = Annotated[
    int,
    typer.Option(min=0, max=limits.SUBSCRIBERS_MAX, help="0 checks the writers and the log alone."),
]
Events = Annotated[
    int,
    typer.Option(
        min=1, max=limits.PRICES_MAX, help="Prices to send; each one makes two events or more."
    ),
]
Seconds = Annotated[
    float | None, typer.Option(min=0.1, max=86_400, help="Send prices for so long instead.")
]
Symbols = Annotated[int, typer.Option(min=1, max=limits.SYMBOLS_MAX, help="At least one a writer.")]
Slow = Annotated[
    float, typer.Option(min=0, max=1, help="The share of the subscribers that read slowly.")
]
ReconnectEvery = Annotated[
    int,
    typer.Option(min=1, max=1_000_000, help="Events after which a reconnecting one cuts, about."),
]
Seed = Annotated[int | None, typer.Option(help="What chance follows from; drawn unless given.")]
Prefix = Annotated[str, typer.Option(help="The symbols are PREFIX-RUN-1, … They stay in the log.")]
Timeout = Annotated[
    float,
    typer.Option(
        min=0.1,
        help="Seconds without anything new for a subscriber that lacks something, at the end.",
    ),
]
Patience = Annotated[
    float, typer.Option(min=0, help="Seconds that the server may be away, as in a restart.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the certificate as JSON.")]


@app.command()
def check_command(  # noqa: PLR0913, PLR0917  # the options of a run
    url: Url,
    token: Token = None,
    token_file: TokenFile = None,
    writers: Writers = 4,
    subscribers: Subscribers = 8,
    events: Events = 2_000,
    seconds: Seconds = None,
    symbols: Symbols = 8,
    slow: Slow = 0.25,
    reconnect_every: ReconnectEvery = 200,
    seed: Seed = None,
    prefix: Prefix = "CHK",
    timeout: Timeout = 30.0,
    patience: Patience = 10.0,
    as_json: Json = False,
) -> None:
    """Write to a server, subscribe to it in every way, and compare what each one saw with the log.

    The prices of symbols of the run's own are recorded for good: check a server whose log you may write to.
    """
    plan = Plan(
        url=_address(url),
        run=secrets.token_hex(RUN_BYTES),
        token=_token(token, token_file),
        writers=writers,
        subscribers=subscribers,
        prices=events,
        seconds=seconds,
        symbols=max(symbols, writers),
        slow=slow,
        reconnect_every=reconnect_every,
        seed=secrets.randbelow(2**31) if seed is None else seed,
        prefix=_prefix(prefix),
        timeout_s=timeout,
        patience_s=patience,
    )
    raise typer.Exit(_check(plan, as_json=as_json))


def _check(plan: Plan, *, as_json: bool) -> int:
    """Run it, and print what came of it; returns the exit code."""
    # Loaded after the command line was read: --help is quick.
    from app.check.run import run

    async def check() -> "Certificate":
        # As Ctrl-C: what was found so far is told. Where there are no such signals, Ctrl-C alone is.
        this = asyncio.current_task()
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGTERM, lambda: this and this.cancel()
            )
        return await run(plan, watch)

    with _progress() as watch:
        one = asyncio.run(check())
    return _tell(one, as_json=as_json)


def _tell(one: "Certificate", *, as_json: bool) -> int:
    from app.check.certificate import Outcome
    from app.check.show import shell, show

    try:
        if as_json:
            typer.echo(one.model_dump_json())
        else:
            show(one, shell())
        sys.stdout.flush()
    except OSError as error:
        # What is left to flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # Whoever read a pipe has enough, and the exit code is the verdict; else nobody can have read it.
        if not isinstance(error, BrokenPipeError):
            why = error.strerror or error
            return _refuse(f"the certificate cannot be written: {why}; it was {one.outcome}")
    codes = {Outcome.PASSED: 0, Outcome.FAILED: CHECK_FAILED, Outcome.INTERRUPTED: INTERRUPTED}
    return codes[one.outcome]


@contextmanager
def _progress() -> "Iterator[Watch]":
    """What is shown while it runs, where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    shell = Console(stderr=True, highlight=False)
    text = TextColumn(
        "{task.fields[acknowledged]} prices acknowledged, {task.fields[delivered]} events delivered"
    )
    columns = (BarColumn(), text, TimeElapsedColumn())
    with Progress(*columns, console=shell, disable=not shell.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=1.0, acknowledged=0, delivered=0)

        def watch(stage: "Stage") -> None:
            bar.update(
                task,
                completed=min(1.0, stage.progress),
                acknowledged=stage.acknowledged,
                delivered=stage.delivered,
            )

        yield watch


def _address(url: str) -> str:
    """The server's address, with nothing after it."""
    from app.client.errors import InvalidSubscription
    from app.client.request import socket_url

    parts = urlsplit(url)
    try:
        socket_url(url)
    except InvalidSubscription as error:
        raise typer.BadParameter(str(error)) from None
    if parts.scheme not in {"http", "https"}:
        raise typer.BadParameter(f"the address must look like http://127.0.0.1:8000, not {url!r}")
    return url.rstrip("/")


def _token(token: str | None, file: Path | None) -> str | None:
    if token is not None and file is not None:
        raise typer.BadParameter("--token or --token-file, not both")
    if file is None:
        return os.environ.get("SYNAPSE_TOKEN") if token is None else token
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--token-file: {file} cannot be read: {error}") from None


def _prefix(prefix: str) -> str:
    if len(prefix) > PREFIX_MAX or not (prefix.isascii() and prefix.isalnum()):
        raise typer.BadParameter(
            f"--prefix: at most {PREFIX_MAX} letters and digits, not {prefix!r}"
        )
    return prefix


def main(arguments: Sequence[str] | None = None) -> None:
    """The program."""
    from app.check.http import CannotCheck

    code = 0
    try:
        code = app(arguments, standalone_mode=False) or 0
    except (KeyboardInterrupt, asyncio.CancelledError, typer.Abort):
        code = INTERRUPTED
    except typer.TyperException as error:
        code = _refuse(f"{_said(error).rstrip('.')}. Try 'synapse-check --help'.")
    except CannotCheck as error:
        code = _refuse(str(error))
    except Exception as error:  # noqa: BLE001  # a fault of this program is no verdict on a server
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        code = _refuse(f"no verdict, by a fault of its own: {error!r} ({where})")
    sys.exit(code)


def _said(error: typer.TyperException) -> str:
    """What is wrong with the command line; usage errors know more than their public base tells."""
    return str(getattr(error, "format_message", error.__str__)()).strip()


def _refuse(line: str) -> int:
    with suppress(OSError):
        typer.echo(f"synapse-check: {' '.join(line.split())}", err=True)
    return WRONG_USE


if __name__ == "__main__":
    main()
