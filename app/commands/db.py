"""The commands `synapse db upgrade`, `db status` and `db new-epoch`: a log's schema and its lifetimes."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
import typer

from app.commands.ask import CHECK_FAILED, Db, Json
from app.config import Settings
from app.database_url import PostgresUrl, database_of
from events.scalars import format_micros

if TYPE_CHECKING:
    from app.db_status import LogStatus

NO_SCHEMA: Final = "none"
"""How a database without a schema is told."""

WrittenDb = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="PATH_OR_URL",
        help="The log, which is written. Default: SYNAPSE_DATABASE_URL, or synapse.db.",
        rich_help_panel="Which log",
    ),
]

commands = typer.Typer(
    name="db",
    help="The log's schema and its lifetimes: docs/failover.md.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Put the commands on the program."""
    app.add_typer(commands)


@commands.command("upgrade")
def upgrade_command(db: WrittenDb = None, as_json: Json = False) -> None:
    """Bring the log to this program's schema; an empty database becomes a log. Run twice, it changes nothing."""
    from app.db_upgrade import upgrade_log

    done = asyncio.run(upgrade_log(_database(db)))
    if as_json:
        moved = (
            None if done.moved is None else {"before": done.moved.before, "place": done.moved.place}
        )
        fields = {"before": done.before, "schema": done.schema, "epoch": done.epoch, "moved": moved}
        typer.echo(orjson.dumps(fields))
        return
    if done.before == done.schema:
        typer.echo(f"schema {done.schema}: nothing to do")
    else:
        typer.echo(f"schema {done.before or NO_SCHEMA} -> {done.schema}: upgraded")
    if done.moved is not None:
        typer.echo(f"the log was moved here: it begins a new lifetime, epoch {done.epoch}")


@commands.command("status")
def status_command(db: Db = None, as_json: Json = False) -> None:
    """Show the log's schema, epoch, head, place and held leases; exit code 1 when it cannot be written."""
    from app.db_status import look

    status = asyncio.run(look(_database(db)))
    fields = _fields(status)
    if as_json:
        typer.echo(orjson.dumps(fields))
    else:
        for line in _lines(status, fields):
            typer.echo(line)
    if status.refusal is not None:
        raise typer.Exit(CHECK_FAILED)


@commands.command("new-epoch")
def new_epoch_command(db: WrittenDb = None, as_json: Json = False) -> None:
    """Begin a new lifetime of the log: its events stay, clients with a cursor are told to start again.

    For a log that was put back to an earlier moment while no node was running: docs/failover.md.
    """
    from app.db_upgrade import begin_epoch

    before, epoch = asyncio.run(begin_epoch(_database(db)))
    if as_json:
        typer.echo(orjson.dumps({"before": before, "epoch": epoch}))
    else:
        typer.echo(f"epoch {before} -> {epoch}")


def _database(db: str | None) -> Path | PostgresUrl:
    return database_of((Settings() if db is None else Settings(database_url=db)).database_url)


def _fields(status: "LogStatus") -> dict[str, Any]:
    from app.migrate import NEWEST

    head = status.head
    return {
        "schema": status.schema,
        "schema_needed": NEWEST,
        "state": status.state,
        "epoch": head.epoch if head else None,
        "head": head.position if head else None,
        "recorded_at": format_micros(head.recorded_at_us) if head and head.position else None,
        "place": status.place,
        "moved_from": status.lived if status.has_moved else None,
        "leases": [
            {
                "name": lease.name,
                "holder": lease.holder,
                "fence": lease.fence,
                "expires_at": format_micros(lease.expires_at_us),
                "expired": lease.expires_at_us <= status.now_us,
            }
            for lease in status.leases
        ],
        "writable": status.refusal is None,
        "refusal": status.refusal,
    }


def _lines(status: "LogStatus", fields: Mapping[str, Any]) -> Iterator[str]:
    needed = fields["schema_needed"]
    wanted = "" if status.schema == needed else f": this program needs {needed}"
    yield f"schema    {status.schema or NO_SCHEMA}, {status.state}{wanted}"
    if status.head is not None:
        yield f"epoch     {status.head.epoch}"
        recorded = f", recorded {fields['recorded_at']}" if fields["recorded_at"] else ""
        yield f"head      {status.head.position}{recorded}"
    if status.place:
        moved = f", moved from {status.lived}: the next node gives it a new epoch"
        yield f"place     {status.place}{moved if status.has_moved else ''}"
    for lease in fields["leases"]:
        when = f"{'expired' if lease['expired'] else 'expires'} {lease['expires_at']}"
        yield f"lease     {lease['name']}, fence {lease['fence']}, held by {lease['holder']}, {when}"
    yield f"writable  {'yes' if status.refusal is None else f'no: {status.refusal}'}"
