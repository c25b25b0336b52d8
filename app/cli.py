"""The command line: `synapse serve`, `demo`, `import`."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app import cli_log, cli_rebuild
from app.config import DatabaseUrlError, Settings
from app.demo import demo_feeds, missing_history, record_bars
from app.feeds.base import Feed, FeedError
from app.feeds.csv_feed import read_bars
from app.main import Recorder, create_app, open_recorder, take_leave, write_token
from app.market.strategy import DISCLAIMER
from app.market.ticks import PriceTick
from app.serving import CannotServe, address_of, bind, configure_logs, open_browser, run, serve
from app.write_token import TokenFileError, WriteToken
from events.errors import EventError
from events.scalars import SYMBOL_PATTERN

WRONG_USE: Final = 2
"""Exit code for wrong use, or for a condition that the message explains."""

app = typer.Typer(
    name="synapse",
    help="Synapse, the market's flight recorder. Not investment advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli_log.register(app)
cli_rebuild.register(app)
_shell = Console(stderr=True, highlight=False)

Db = Annotated[
    str | None,
    typer.Option(
        "--db", metavar="PATH_OR_URL", help="The log. Default: SYNAPSE_DATABASE_URL, or synapse.db."
    ),
]
Host = Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one. Default: 8000."),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open the dashboard.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def _valid_symbol(symbol: str) -> str:
    if not re.fullmatch(SYMBOL_PATTERN, symbol):
        raise typer.BadParameter(f"{symbol!r} is no symbol: use letters, digits and . _ : / ^ = -")
    return symbol


def _settings(**flags: Any) -> Settings:
    """The environment's settings, with the flags that were given on top."""
    return Settings(**{name: value for name, value in flags.items() if value is not None})


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=_shell)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synapse {version('regime-synapse')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Synapse, the market's flight recorder. Not investment advice."""


@app.command("serve")
def serve_command(
    db: Db = None, host: Host = None, port: Port = None, no_browser: NoBrowser = False
) -> None:
    """Serve the log: dashboard, socket and HTTP, without any feed."""
    settings = _settings(database_url=db, host=host, port=port)
    run(_serve(settings, [], browser=not no_browser, with_history=False))


@app.command("demo")
def demo_command(
    db: Db = None,
    host: Host = None,
    port: Port = None,
    no_browser: NoBrowser = False,
    speed: Annotated[
        float, typer.Option(min=0.01, max=1000, help="Bars a second at which 2018 is played.")
    ] = 2.0,
) -> None:
    """Watch real prices pass through: 1999-2017 imported, 2018 played, and a simulated market, SIM."""
    settings = _settings(database_url=db, host=host, port=port)
    run(_serve(settings, demo_feeds(speed), browser=not no_browser, with_history=True))


@app.command("import")
def import_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, oldest row first: date and close, and open, high, low, volume where known."
        ),
    ],
    symbol: Annotated[
        str, typer.Option(help="The symbol that the prices are of.", callback=_valid_symbol)
    ],
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Record a file of prices and the regimes that follow; a bad line stops it before anything is recorded."""
    run(_import(_settings(database_url=db), file, symbol, as_json=as_json))


async def _serve(
    settings: Settings, feeds: Sequence[Feed], *, browser: bool, with_history: bool
) -> None:
    configure_logs(settings.log_format)
    with bind(settings.host, settings.port) as listener:
        recorder, token = await _prepare(settings, with_history=with_history)

        def started() -> None:
            _welcome(address_of(listener), token.path)
            if browser:
                open_browser(address_of(listener))

        async def opened(_settings: Settings) -> Recorder:
            return recorder

        app = create_app(settings, feeds, opened)
        await serve(app, listener, started, partial(take_leave, app))


async def _prepare(settings: Settings, *, with_history: bool) -> tuple[Recorder, WriteToken]:
    """What the server needs before it starts; from then on it is the application that closes the log."""
    recorder = await open_recorder(settings)
    try:
        if with_history:
            await _import_history(recorder)
        return recorder, write_token(settings)
    except BaseException:
        await recorder.close()
        raise


def _welcome(url: str, token_path: Path | None) -> None:
    _shell.print(f"[bold]Synapse[/bold] is at [link={url}]{url}[/link] (Ctrl-C stops it)")
    if token_path:
        _shell.print(f"The token for writing is in {token_path}", soft_wrap=True)
    _shell.print(f"[dim]{DISCLAIMER}[/dim]")


async def _import_history(recorder: Recorder) -> None:
    ticks = missing_history(recorder.ingest.state)
    if ticks:
        await _record(recorder, ticks, len(ticks), "Importing 1999-2017")


async def _record(
    recorder: Recorder, ticks: Iterable[PriceTick], count: int, title: str
) -> tuple[int, int]:
    with _progress() as progress:
        task = progress.add_task(title, total=count)
        return await record_bars(
            recorder.ingest, ticks, "import", lambda done: progress.advance(task, done)
        )


async def _import(settings: Settings, file: Path, symbol: str, *, as_json: bool) -> None:
    # The whole file is read once before anything is recorded: a bad line leaves the log as it was.
    bars = sum(1 for _ in read_bars(file, symbol))
    recorder = await open_recorder(settings)
    last_at = recorder.ingest.state.of(symbol).last_at
    try:
        ticks = read_bars(file, symbol)
        events, duplicates = await _record(recorder, ticks, bars, f"Importing {symbol}")
    finally:
        await recorder.close()
    old = 0 if last_at is None else sum(t.timestamp <= last_at for t in read_bars(file, symbol))
    result = {
        "symbol": symbol,
        "bars": bars,
        "events": events,
        "duplicates": duplicates,
        "late": old - duplicates,
    }
    if as_json:
        typer.echo(orjson.dumps(result))
    else:
        typer.echo(_import_line(result))


def _import_line(result: Mapping[str, Any]) -> str:
    line = "{symbol}: bars {bars}, events recorded {events}, bars known already {duplicates}"
    if result["late"]:
        line += (
            "; {late} bars are older than the newest recorded before: kept as late prices, without"
            " a regime (import the oldest file first)"
        )
    return line.format(**result)


def _usage_line(error: typer.TyperException) -> str:
    """What is wrong with the command line; typer's usage errors know more than their public base tells."""
    message = str(getattr(error, "format_message", lambda: error)()).strip() or "name a command"
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "synapse"
    stop = "" if message.endswith(("?", ".")) else "."
    return f"{message}{stop} Try '{command} --help'."


def _setting_line(error: ErrorDetails) -> str:
    problem = error["msg"].removeprefix("Value error, ")
    return f"SYNAPSE_{'_'.join(map(str, error['loc'])).upper()}: {problem}"


def _explain(error: Exception) -> str | None:
    """One line for a fault that a user can mend; None for a fault of ours."""
    match error:
        case typer.TyperException():
            return _usage_line(error)
        case ValidationError():
            return "; ".join(map(_setting_line, error.errors(include_url=False)))
        case EventError() | FeedError() | CannotServe() | DatabaseUrlError() | TokenFileError():
            return str(error)
        case OSError():
            return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return None


def main(arguments: Sequence[str] | None = None) -> None:
    """The program. Exit codes: 0 fine, 1 a check failed, 2 wrong use or a condition that is explained."""
    try:
        code = app(arguments, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as error:
        line = _explain(error)
        if line is None:
            raise
        typer.echo(f"synapse: {line}", err=True)
        sys.exit(WRONG_USE)
    sys.exit(code or 0)


if __name__ == "__main__":
    main()
