"""What `synapse serve`, `demo` and `import` do; loaded when one of them runs."""

import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.access.exposure import parse_proxies
from app.access.gate import OWNER, Gate
from app.config import Settings
from app.demo import missing_history, record_bars
from app.feeds.base import Feed
from app.feeds.csv_feed import CsvPlay
from app.ingest import refuse_future
from app.lanes import Lanes
from app.main import create_app, exposure_of, open_gate, open_lanes, take_leave
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
    serve,
)
from app.welcome import log_serving, nameless, shell, unknown_settings, warn, welcome


def serve_log(
    settings: Settings, feeds: Sequence[Feed], *, browser: bool, with_history: bool
) -> None:
    """Serve the log that the settings name, until the process is told to stop.

    Args:
        settings: what the operator chose.
        feeds: what to play while it is served.
        browser: open the dashboard.
        with_history: import the sample prices first.

    Raises:
        CannotServe: the address cannot be listened on.
        EventError: the log, or one that is shown beside it, cannot be opened.
    """
    run(_serve(settings, feeds, browser=browser, with_history=with_history))


async def _serve(
    settings: Settings, feeds: Sequence[Feed], *, browser: bool, with_history: bool
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
    with bind(settings.host, settings.port) as listener:
        recorder, gate, lanes = await _prepare(settings, with_history=with_history)
        url = address_of(listener, wire.scheme)

        def started() -> None:
            # What is there by now stays: a full collection that walks it stops everything for 40 ms.
            gc.collect()
            gc.freeze()
            if as_json:
                log_serving(url, gate)
            else:
                welcome(listener, url, gate, link())
            if browser:
                open_browser(link())

        def link() -> str:
            return f"{url}#launch={gate.sessions.launch.issue(OWNER)}"

        async def opened(_settings: Settings) -> Recorder:
            return recorder

        async def lanes_opened(_settings: Settings) -> Lanes:
            return lanes

        app = create_app(settings, feeds, opened, lanes_opened, lambda _settings: gate)
        await serve(app, listener, started, partial(take_leave, app), wire)


def _unused(settings: Settings) -> str | None:
    """Why settings that lock the door would not, since what they go with is missing."""
    if settings.jwt_secret is not None or settings.jwt_keys_file is not None:
        return None
    for name in ("jwt_issuer", "jwt_audience"):
        if getattr(settings, name) is not None:
            return f"SYNAPSE_{name.upper()} needs SYNAPSE_JWT_SECRET or SYNAPSE_JWT_KEYS_FILE beside it"
    return None


async def _prepare(settings: Settings, *, with_history: bool) -> tuple[Recorder, Gate, Lanes]:
    """What the server needs before it starts; from then on it is the application that closes the logs."""
    async with AsyncExitStack() as undone:
        # First what is only read: where that is not there, nothing was made or changed.
        lanes = await open_lanes(settings)
        undone.push_async_callback(lanes.close)
        recorder = await open_recorder(settings)
        undone.push_async_callback(recorder.close)
        if with_history:
            await _import_history(recorder)
        prepared = recorder, open_gate(settings), lanes
        undone.pop_all()
        return prepared


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
