"""The commands that look after a log: `synapse verify`, `doctor`, `backup`, `restore`.

What a command works with is loaded when it runs: a server needs none of it, and starts sooner.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from app.commands.ask import CHECK_FAILED, Json
from app.config import Settings
from app.database_url import sqlite_path
from events.errors import CorruptLog, EventError
from events.scalars import format_micros

if TYPE_CHECKING:
    from app.backup import Copied
    from app.checkpoints import CheckpointOutcome
    from events.sql_store import SqlEventStore
    from events.verify_report import VerifyReport

OnProgress = Callable[[int, int], None]

Db = Annotated[
    str | None,
    typer.Option(
        "--db", metavar="PATH_OR_URL", help="The log. Default: SYNAPSE_DATABASE_URL, or synapse.db."
    ),
]


class UseAnotherTool(EventError):
    """A command that the log's database has a tool of its own for."""

    code = "use_another_tool"


def register(app: typer.Typer) -> None:
    """Put these commands on the program."""
    app.command("verify")(verify_command)
    app.command("doctor")(doctor_command)
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)


def verify_command(
    db: Db = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also a signed head: written to FILE if it is not there, else checked.",
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The Ed25519 key (PEM); made when missing. Default: FILE.key."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove the log: chain, positions, versions, and everything that is derived from the events."""
    if key is not None and checkpoint is None:
        raise typer.BadParameter("--key needs --checkpoint")
    with _findings_exit(as_json=as_json):
        report, outcome = asyncio.run(_verify(_database(db), checkpoint, key))
    if as_json:
        shown = {"checkpoint": asdict(outcome) if outcome else None}
        _print_json({**_report_fields(report), **shown})
    else:
        _print_report(report)
        if outcome:
            typer.echo(f"checkpoint {outcome.action}: {outcome.text}")
    _exit_unless(report.ok and (outcome is None or outcome.ok))


def doctor_command(db: Db = None, as_json: Json = False) -> None:
    """Look at the engine, the file, the schema, the end of the log, the disk and the clock."""
    from app.doctor import FAILED, examine

    log = _sqlite_file(_database(db), "doctor", "`synapse db status`, and psql")
    checks = asyncio.run(examine(log))
    ok = all(check.state != FAILED for check in checks)
    if as_json:
        _print_json({"ok": ok, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            typer.echo(f"{check.state:<8} {check.name:<8} {check.text}")
    _exit_unless(ok)


def backup_command(
    file: Annotated[Path, typer.Argument(help="Where the backup shall be.")],
    db: Db = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    as_json: Json = False,
) -> None:
    """Copy the log into one file, also while it is being served, and prove the copy."""
    from app.backup import back_up

    log = _sqlite_file(_database(db), "backup", "pg_dump")
    with _findings_exit(as_json=as_json), _progress("Copying pages") as on_progress:
        copied = asyncio.run(back_up(log, file, force=force, on_progress=on_progress))
    _tell_copied(copied, file, as_json=as_json)


def restore_command(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    db: Db = None,
    force: Annotated[
        bool, typer.Option("--force", help="Put a log that is there aside, as LOG.bak-TIMESTAMP.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the log of a backup, once that is proven. It begins a new lifetime: clients start again."""
    from app.backup import restore

    log = _sqlite_file(_database(db), "restore", "pg_restore")
    with _findings_exit(as_json=as_json), _progress("Copying pages") as on_progress:
        copied = asyncio.run(restore(file, log, force=force, on_progress=on_progress))
    _tell_copied(copied, log, as_json=as_json)


async def _verify(
    database: str, file: Path | None, key: Path | None
) -> "tuple[VerifyReport, CheckpointOutcome | None]":
    from app import checkpoints

    key = checkpoints.key_of(file, key) if file else None
    checkpoint = checkpoints.load(file, key) if file and key else None
    async with _opened(database) as (store, prove):
        with _progress("Proving events") as on_progress:
            report = await prove(on_progress)
        if checkpoint is not None:
            return report, await checkpoints.check(checkpoint, report, store)
    if file is None or key is None:
        return report, None
    return report, checkpoints.write(report, file, key)


@asynccontextmanager
async def _opened(
    database: str,
) -> (
    "AsyncIterator[tuple[SqlEventStore, Callable[[OnProgress], Coroutine[Any, Any, VerifyReport]]]]"
):
    """A log for reading, and what proves it."""
    from app.log_schema import schema_faults
    from events.sql_store import SqlEventStore
    from events.verify import verify_file, verify_rows

    if _is_postgres(database):
        from app.migrate import check_readable
        from events.postgres import PostgresEngines

        engines = await PostgresEngines.open(database, check_readable)
        store = SqlEventStore(engines)
        proof = lambda on_progress: verify_rows(engines, on_progress)  # noqa: E731
    else:
        path = sqlite_path(database)
        store = SqlEventStore.read_sqlite(path)
        proof = lambda on_progress: verify_file(path, schema_faults, on_progress)  # noqa: E731
    try:
        yield store, proof
    finally:
        await store.close()


def _database(db: str | None) -> str:
    return (Settings() if db is None else Settings(database_url=db)).database_url


def _is_postgres(database: str) -> bool:
    return database.partition("://")[0].startswith("postgres") and "://" in database


def _sqlite_file(database: str, command: str, instead: str) -> Path:
    if _is_postgres(database):
        raise UseAnotherTool(f"{command} is for SQLite files: for PostgreSQL use {instead}")
    return sqlite_path(database)


@contextmanager
def _progress(title: str) -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    shell = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    # Where nobody watches, a line that says what is wrong stands alone.
    with Progress(*columns, console=shell, disable=not shell.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def _findings_exit(*, as_json: bool) -> Iterator[None]:
    """Damage that stops a command, and a checkpoint that is not to be believed, are failed checks."""
    from events.checkpoint import BrokenCheckpoint

    try:
        yield
    except (CorruptLog, BrokenCheckpoint) as error:
        if as_json:
            _print_json({"ok": False, "findings": [{"what": "file", "text": str(error)}]})
        typer.echo(f"synapse: {error}", err=True)
        raise typer.Exit(CHECK_FAILED) from None


def _exit_unless(ok: bool) -> None:
    if not ok:
        raise typer.Exit(CHECK_FAILED)


def _report_fields(report: "VerifyReport") -> dict[str, Any]:
    head = report.head
    return {
        "ok": report.ok,
        "epoch": head.epoch if head else None,
        "head": head.position if head else None,
        "hash": head.hash.hex() if head else None,
        "recorded_at": format_micros(head.recorded_at_us) if head else None,
        "events": report.events,
        "first_bad": report.first_bad,
        "findings_count": report.count,
        "findings": [asdict(finding) for finding in report.findings],
    }


def _print_json(fields: Mapping[str, Any]) -> None:
    typer.echo(orjson.dumps(fields))


def _print_report(report: "VerifyReport") -> None:
    head = report.head
    if report.ok and head is not None:
        typer.echo(f"proven: {report.events} events, epoch {head.epoch}, hash {head.hash.hex()}")
        return
    first = "no event is concerned"
    if report.first_bad is not None:
        first = f"the first bad position is {report.first_bad}"
    noun = "finding" if report.count == 1 else "findings"
    typer.echo(f"NOT PROVEN: {first}; {report.events} events read, {report.count} {noun}")
    for finding in report.findings:
        place = f"position {finding.position}" if finding.position else finding.what
        typer.echo(f"  {place}: {finding.text}")


def _tell_copied(copied: "Copied", place: Path, *, as_json: bool) -> None:
    report = copied.report
    if as_json:
        kept = str(copied.kept) if copied.kept else None
        _print_json({**_report_fields(report), "file": str(place), "kept": kept})
    else:
        _print_report(report)
        if report.ok:
            typer.echo(f"written: {place}")
        if copied.kept:
            typer.echo(f"the log that was there is now {copied.kept}")
    _exit_unless(report.ok)
