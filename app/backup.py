"""Backup beside a running server, and restore into a new lifetime of the log.

Both make the new file beside its place, prove it there, put it on disk, and only then give it its name: a
power cut at any moment leaves either what was there before or the whole new file.
"""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.log_schema import schema_faults
from app.new_file import RefusedToReplace, files_of, put_on_disk, unfinished
from events.clock import now_us
from events.epoch import new_epoch
from events.errors import CorruptLog, StoreUnavailable
from events.file_lock import FileLock
from events.scalars import from_micros
from events.sqlite_files import refuse_damaged_files
from events.verify import Progress, verify_file
from events.verify_report import VerifyReport

PAGES_A_STEP: Final = 256
"""Pages copied between two calls of `on_progress`."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a backup or a restore.

    Attributes:
        report: the proof of the new file; when it is not ok, nothing was put in place.
        kept: where the file that was in the way is now; None when there was none, or a backup's.
    """

    report: VerifyReport
    kept: Path | None = None


async def back_up(
    log: Path, target: Path, *, force: bool, on_progress: Progress | None = None
) -> Copied:
    """Copy a log as it is at this moment into one self-contained file, beside whoever writes it.

    Args:
        log: the log's database file.
        target: the backup; its folder must exist.
        force: replace `target` if it exists.
        on_progress: called with the pages copied and their number, in another thread.

    Raises:
        RefusedToReplace: `target` exists, or is the log itself.
        CorruptLog: the log is damaged so that it cannot be copied whole.
        StoreUnavailable: there is no such log, or it cannot be read now.
        OSError: the target cannot be written.
    """
    _refuse_same(log, target)
    _refuse_existing(target, force=force)
    with unfinished(target) as new:
        await asyncio.to_thread(_copy, log, new, on_progress)
        report = await verify_file(new, schema_faults)
        if report.ok:
            _refuse_existing(target, force=force)
            _put_in_place(new, target)
    return Copied(report)


async def restore(
    backup: Path, log: Path, *, force: bool, on_progress: Progress | None = None
) -> Copied:
    """Make a log of a backup, as a new lifetime: with an epoch of its own, so that nobody resumes wrongly.

    Args:
        backup: a file that `back_up` made, or any log's database file.
        log: where the log shall be.
        force: if a log is there, put it aside as `LOG.bak-TIMESTAMP`.
        on_progress: as for `back_up`.

    Raises:
        StoreLocked: a running server writes `log`.
        RefusedToReplace: `log` exists, or is the backup itself.
        CorruptLog: the backup is damaged so that it cannot be copied whole.
        StoreUnavailable: there is no such backup, or it cannot be read.
        OSError: the log cannot be written.
    """
    _refuse_same(backup, log)
    log = _behind_links(log)
    with closing(_Locked(log)), unfinished(log) as new:
        _refuse_existing(log, force=force)
        await asyncio.to_thread(_copy, backup, new, on_progress)
        await asyncio.to_thread(_begin_lifetime, new)
        report = await verify_file(new, schema_faults)
        kept = _replace_log(new, log) if report.ok else None
    return Copied(report, kept)


def _behind_links(path: Path) -> Path:
    # A symbolic link to the log shall go on pointing to the log.
    return path.resolve()


class _Locked:
    """The writer's lock, as something to close."""

    def __init__(self, log: Path) -> None:
        self._lock = FileLock.acquire(log)

    def close(self) -> None:
        self._lock.release()


def _refuse_same(source: Path, target: Path) -> None:
    if not source.exists():
        raise StoreUnavailable(f"{source} does not exist")
    if target.exists() and source.samefile(target):
        raise RefusedToReplace(f"{target} is the same file: name another one")


def _refuse_existing(target: Path, *, force: bool) -> None:
    if not force and files_of(target):
        raise RefusedToReplace(f"{target} exists already: name another file, or give --force")


def _copy(source: Path, new: Path, on_progress: Progress | None) -> None:
    refuse_damaged_files(source)

    def progress(_status: int, remaining: int, total: int) -> None:
        if on_progress:
            on_progress(total - remaining, total)

    new.touch(mode=0o600)
    shutil.copymode(source, new)
    with _translated(source):
        uri = f"{source.absolute().as_uri()}?mode=ro"
        with (
            closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader,
            closing(sqlite3.connect(new, isolation_level=None)) as writer,
        ):
            # One read transaction for the whole copy: without it, each commit of the running server
            # would make SQLite begin again from the first page.
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reader.backup(writer, pages=PAGES_A_STEP, progress=progress)
            # In this mode the file is complete by itself, and can be read where nothing can be written.
            writer.execute("PRAGMA journal_mode=DELETE").fetchone()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(f"{path} cannot be copied: {error}") from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise CorruptLog(f"{path} is damaged: {error}") from error


def _begin_lifetime(new: Path) -> None:
    with (
        _translated(new),
        closing(sqlite3.connect(new, isolation_level=None)) as writer,
    ):
        writer.execute("UPDATE log_head SET epoch = ?", (new_epoch(),))


def _put_in_place(new: Path, target: Path) -> None:
    """Make a file durable, then give it its name."""
    put_on_disk(new)
    new.replace(target)
    put_on_disk(target.parent)


def _replace_log(new: Path, log: Path) -> Path | None:
    """Put a restored log in place; returns where the old one is now."""
    old = files_of(log)
    kept = _keep(log, old) if old else None
    # The siblings first: left beside the new file, the old log's would be played into it.
    for path in old:
        if path != log:
            path.unlink()
    _put_in_place(new, log)
    return kept


def _keep(log: Path, files: list[Path]) -> Path:
    """Give the old log a second name, its siblings too, so that it is whole whatever happens next."""
    stamp = from_micros(now_us()).strftime("%Y%m%dT%H%M%S.%fZ")
    kept = log.with_name(f"{log.name}.bak-{stamp}")
    for path in files:
        name = kept.with_name(kept.name + path.name.removeprefix(log.name))
        try:
            os.link(path, name)
        except OSError:  # this file system has no second names
            shutil.copy2(path, name)
            put_on_disk(name)
    put_on_disk(log.parent)
    return kept
