"""What `synapse serve`, `demo` and `import` do; loaded when one of them runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.access.exposure import parse_proxies
from app.access.gate import OWNER
from app.config import Settings
from app.database_url import PostgresUrl, database_of
from app.demo import missing_history, record_bars
from app.feeds.base import Feed
from app.feeds.csv_feed import CsvPlay
from app.ingest import refuse_future
from app.lifetimes import Lifetimes
from app.main import exposure_of, open_gate
from app.market.ticks import PriceTick
from app.recorder import Recorder, open_recorder
from app.serving import (
    CannotServe,
    Wire,
    address_of,
    bind,
    configure_logs,
    open_browser,
    run,
)
from app.welcome import log_serving, nameless, shell, unknown_settings, warn, welcome


def serve_log(
    settings: Settings, feeds: Callable[[], Sequence[Feed]], *, browser: bool, with_history: bool
) -> None:
    """Serve the log that the settings name, until the process is told to stop.

    Args:
        settings: what the operator chose.
        feeds: makes what to play while it is served, anew for each lifetime of the log.
        browser: open the dashboard.
        with_history: import the sample prices first.

    Raises:
        CannotServe: the address cannot be listened on.
        EventError: the log, or one that is shown beside it, cannot be opened.
    """
    run(_serve(settings, feeds, browser=browser, with_history=with_history))


async def _serve(
    settings: Settings, feeds: Callable[[], Sequence[Feed]], *, browser: bool, with_history: bool
) -> None:
    configure_logs(settings.log_format, settings.log_level)
    as_json = settings.log_format == "json"
    warn(unknown_settings(tuple(Settings.model_fields)), as_json=as_json)
    wire = Wire(settings.tls_cert, settings.tls_key, parse_proxies(settings.trusted_proxies))
    wire.check()
    exposure = exposure_of(settings)
    problem = exposure.problem() or _unused(settings)
    if problem is not None:
        raise CannotServe(problem)
    warn(wire.warnings(datetime.now(UTC)), as_json=as_json)
    warn(nameless(exposure, settings.allowed_hosts), as_json=as_json)
    warn(_own_tokens(settings), as_json=as_json)
    with bind(settings.host, settings.port) as listener:
        fill = _import_history if with_history else _leave_alone
        lifetimes = Lifetimes(settings, feeds, listener, wire, fill)
        logs = await lifetimes.open()
        try:
            gate = open_gate(settings)
        except BaseException:
            await logs.close()
            raise
        url = address_of(listener, wire.scheme)

        def started() -> None:
            if as_json:
                log_serving(url, gate)
            else:
                welcome(listener, url, gate, link())
            if browser:
                open_browser(link())

        def link() -> str:
            return f"{url}#launch={gate.sessions.launch.issue(OWNER)}"

        await lifetimes.serve(logs, gate, started)


def _own_tokens(settings: Settings) -> list[str]:
    """What to say where several nodes may serve one log, and each would make a token of its own."""
    if settings.token is not None or not isinstance(
        database_of(settings.database_url), PostgresUrl
    ):
        return []
    return ["another node makes another token: give all nodes of a log one SYNAPSE_TOKEN"]


def _unused(settings: Settings) -> str | None:
    """Why settings that lock the door would not, since what they go with is missing."""
    if settings.jwt_secret is not None or settings.jwt_keys_file is not None:
        return None
    for name in ("jwt_issuer", "jwt_audience"):
        if getattr(settings, name) is not None:
            return f"SYNAPSE_{name.upper()} needs SYNAPSE_JWT_SECRET or SYNAPSE_JWT_KEYS_FILE beside it"
    return None


async def _leave_alone(_recorder: Recorder) -> None:
    return


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


def import_file(
    settings: Settings, file: Path, symbol: str, digits: int | None, *, as_json: bool
) -> None:
    """Record a file of prices, and print what became of them.

    Args:
        settings: what the operator chose.
        file: the CSV file.
        symbol: what the prices are of.
        digits: prices are rounded to so many after the point; None: they are not.
        as_json: how it is printed.

    Raises:
        FeedError: a line cannot be read; nothing was recorded.
        TimestampInTheFuture: a price is dated too far ahead; nothing was recorded.
    """
    play = CsvPlay(digits=digits)
    run(_import(settings, partial(play.read, file, symbol), symbol, as_json=as_json))


async def _import(
    settings: Settings, read: Callable[[], Iterable[PriceTick]], symbol: str, *, as_json: bool
) -> None:
    # What goes wrong beside the import, to standard error: the result is on the other.
    configure_logs(settings.log_format, "warning")
    # The whole file is read once before anything is recorded: a bad line leaves the log as it was.
    bars = refuse_future(read())
    recorder = await open_recorder(settings)
    last_at = recorder.ingest.state.of(symbol).last_at
    try:
        events, duplicates = await _record(recorder, read(), bars, f"Importing {symbol}")
    finally:
        await recorder.close()
    old = 0 if last_at is None else sum(t.timestamp <= last_at for t in read())
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


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=shell)
