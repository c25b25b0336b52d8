"""The command line: `synapse serve`, `demo`, `import`.

What a command needs is loaded when it runs: `--help` and `--version` answer without the server's libraries.
"""

import os
import re
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.access.errors import AccessError
from app.commands import groups
from app.commands.ask import Json
from app.config import Settings
from app.database_url import DatabaseUrlError
from app.feeds.base import FeedError, FeedSpecError
from app.lane_names import LANES_MAX, LaneError, joined_lanes
from app.market.detector.registry import MissingExtra
from events.errors import EventError, StoreUnavailable
from events.scalars import DECIMALS_MAX, SYMBOL_PATTERN

WRONG_USE: Final = 2
"""Exit code for wrong use, or for a condition that the message explains."""

NOT_NOW: Final = 75
"""Exit code (EX_TEMPFAIL) when the database cannot be reached now: starting again may help."""

_PYDANTICS: Final = "Value error, "
"""What it puts before our own words."""

app = typer.Typer(
    name="synapse",
    help="Synapse, the market's flight recorder. Not investment advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
groups.register(app)

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
Feeds = Annotated[
    list[str] | None,
    typer.Option(
        "--feed",
        metavar="SPEC",
        help="A feed to play: csv:FILE?symbol=SPX, csv:FOLDER/, simulated:SIM or"
        " exchange:kraken?symbols=BTC/USD. May be given several times; docs/feeds.md has every option.",
    ),
]
LaneSpecs = Annotated[
    list[str] | None,
    typer.Option(
        "--lane",
        metavar="NAME=FILE",
        help="A log to show beside this one, only read, such as a saved what-if. May be given"
        f" {LANES_MAX} times. Default: SYNAPSE_LANES.",
    ),
]
Round = Annotated[
    int | None,
    typer.Option(
        "--round",
        metavar="DIGITS",
        min=0,
        max=DECIMALS_MAX,
        help="Round prices to so many digits after the point, half to even. Default: none is rounded.",
    ),
]


def _valid_symbol(symbol: str) -> str:
    if not re.fullmatch(SYMBOL_PATTERN, symbol):
        raise typer.BadParameter(f"{symbol!r} is no symbol: use letters, digits and . _ : / ^ = -")
    return symbol


def _lanes(specs: list[str] | None) -> str | None:
    try:
        return joined_lanes(specs) if specs else None
    except LaneError as error:
        raise typer.BadParameter(str(error), param_hint="--lane") from None


def _settings(**flags: Any) -> Settings:
    """The environment's settings, with the flags that were given on top."""
    return Settings(**{name: value for name, value in flags.items() if value is not None})


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
    feed: Feeds = None,
    db: Db = None,
    host: Host = None,
    port: Port = None,
    lane: LaneSpecs = None,
    no_browser: NoBrowser = False,
) -> None:
    """Serve the log: dashboard, socket and HTTP, and play the feeds that are named; without one, none."""
    from app.feeds.specs import parse_feeds

    settings = _settings(database_url=db, host=host, port=port, lanes=_lanes(lane))
    specs = tuple(feed or ())
    parse_feeds(specs)
    from app.commands.serve import serve_log

    serve_log(settings, partial(parse_feeds, specs), browser=not no_browser, with_history=False)


@app.command("demo")
def demo_command(
    db: Db = None,
    host: Host = None,
    port: Port = None,
    lane: LaneSpecs = None,
    no_browser: NoBrowser = False,
    speed: Annotated[
        float, typer.Option(min=0.01, max=1000, help="Bars a second at which 2018 is played.")
    ] = 2.0,
) -> None:
    """Watch real prices pass through: 1999-2017 imported, 2018 played, and a simulated market, SIM."""
    from app.commands.serve import serve_log
    from app.demo import DEMO_PAPER, demo_feeds

    settings = _settings(database_url=db, host=host, port=port, lanes=_lanes(lane))
    if settings.paper is None:
        settings = settings.model_copy(update={"paper": DEMO_PAPER})
    serve_log(settings, partial(demo_feeds, speed), browser=not no_browser, with_history=True)


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
    digits: Round = None,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Record a file of prices and the regimes that follow; a bad line stops it before anything is recorded."""
    from app.commands.serve import import_file

    import_file(_settings(database_url=db), file, symbol, digits, as_json=as_json)


groups.arrange(app)


def _usage_line(error: typer.TyperException) -> str:
    """What is wrong with the command line; typer's usage errors know more than their public base tells."""
    message = str(getattr(error, "format_message", lambda: error)()).strip() or "name a command"
    message = message.replace(_PYDANTICS, "")
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "synapse"
    stop = "" if message.endswith(("?", ".")) else "."
    return f"{message}{stop} Try '{command} --help'."


def _setting_line(error: ErrorDetails) -> str:
    problem = error["msg"].removeprefix(_PYDANTICS)
    return f"SYNAPSE_{'_'.join(map(str, error['loc'])).upper()}: {problem}"


def _explain(error: Exception) -> str | None:
    """One line for a fault that a user can mend; None for a fault of ours."""
    match error:
        case typer.TyperException():
            return _usage_line(error)
        case ValidationError():
            return "; ".join(map(_setting_line, error.errors(include_url=False)))
        case FeedSpecError():
            return f"--feed: {error}"
        case EventError() | FeedError() | DatabaseUrlError() | AccessError() | MissingExtra():
            return str(error)
        case OSError():
            return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    # Last, since these load the client or the server, unless it was one of them that raised.
    if "app.client.errors" in sys.modules:
        from app.client.errors import ClientError

        if isinstance(error, ClientError):
            return str(error)
    if "app.serving" in sys.modules:
        from app.serving import CannotServe

        if isinstance(error, CannotServe):
            return str(error)
    return None


def main(arguments: Sequence[str] | None = None) -> None:
    """The program. Exit codes: 0 fine, 1 a check failed, 2 wrong use or a condition that is explained, 75 no database."""
    try:
        code = app(arguments, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read has gone, as `head` does: what is left to say is for nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        line = _explain(error)
        if line is None:
            raise
        typer.echo(f"synapse: {line}", err=True)
        sys.exit(NOT_NOW if isinstance(error, StoreUnavailable) and error.is_away else WRONG_USE)
    sys.exit(code or 0)


if __name__ == "__main__":
    main()
