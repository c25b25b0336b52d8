"""The command `synapse rebuild`: delete and remake what is derived from the log."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from app.config import Settings

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from app.market.setup import MarketSetup
    from events.log import EventLog
    from events.projection import ProjectionStatus


def register(app: typer.Typer) -> None:
    """Put the command on the program."""
    app.command("rebuild")(rebuild_command)


def rebuild_command(
    db: Annotated[
        str | None,
        typer.Option(
            "--db",
            metavar="PATH_OR_URL",
            help="The log. Default: SYNAPSE_DATABASE_URL, or synapse.db.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fold the whole log anew: delete and remake the snapshots of all projections."""
    from app.serving import run

    settings = Settings() if db is None else Settings(database_url=db)
    run(_rebuild(settings, as_json=as_json))


async def _rebuild(settings: Settings, *, as_json: bool) -> None:
    from app.recorder import market_setup, open_log
    from app.serving import configure_logs

    # To standard error: the result is on the other.
    configure_logs(settings.log_format, "warning")
    setup = market_setup(settings)
    async with AsyncExitStack() as stack:
        log = await open_log(settings)
        stack.push_async_callback(log.close)
        rebuilt = await _rebuild_all(log, setup)
    if as_json:
        typer.echo(orjson.dumps({"head": log.head.position, "projections": rebuilt}))
        return
    for name, status in rebuilt.items():
        parked = f", parked: {status.error}" if status.error else ""
        typer.echo(f"{name}: rebuilt up to position {status.position}{parked}")


async def _rebuild_all(log: "EventLog", setup: "MarketSetup") -> "dict[str, ProjectionStatus]":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    from app.decider import Decider
    from app.live_state import PUBLIC_STATE
    from app.opened import episode_projector
    from events.projector import Projector

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        projectors: Sequence[Projector[Any]] = (
            Projector(log, PUBLIC_STATE),
            episode_projector(log),
        )
        for projector in projectors:
            task = bar.add_task(f"Rebuilding {projector.name}", total=None)
            await projector.rebuild(partial(_show, bar, task))
        bar.add_task("Rebuilding decider", total=None)
        decider = Decider(log, setup)
        await decider.rebuild()
    folded = {projector.name: projector.status for projector in projectors}
    return {**folded, "decider": decider.status}


def _show(bar: "Progress", task: "TaskID", done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)
