"""Disks that fail on demand: each of these makes the kernel or SQLite itself refuse, nothing is faked.

A descriptor is exchanged below SQLite (`dup2`) where no disk can be broken without privileges: every call
that it then makes is a real one, and really fails.
"""

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from events import engines as engines_module
from events import log as log_module
from events.engines import SqliteEngines
from tests.waiting import eventually

BUSY_TIMEOUT_MS: Final = 100
HOLDER: Final = """
import sqlite3, sys

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@dataclass
class Victim:
    """A log that is open for writing, and how to reach below it.

    Attributes:
        path: its file.
        engines: what drives it.
        wal: the writer's descriptor of the write-ahead log.
        database: the writer's descriptor of the file itself.
        writes: how many transactions it has been asked for.
        call: runs something on the loop that the engines belong to.
    """

    path: Path
    engines: SqliteEngines
    wal: int
    database: int
    writes: int = 0
    call: Callable[[Callable[[], Awaitable[Any]]], Any] | None = None

    def is_tried_again(self) -> None:
        """Wait until somebody has asked for a few more transactions."""
        before = self.writes
        eventually(lambda: self.writes > before + 2)

    def in_writer(self, action: Callable[[], object]) -> None:
        """Do something between two transactions: while one runs, a disk must not change its ways."""
        assert self.call is not None
        self.call(lambda: self.engines.write(lambda _connection: action()))


Fault: TypeAlias = Callable[[Victim], AbstractContextManager[None]]


def watch(monkeypatch: pytest.MonkeyPatch) -> list[Victim]:
    """Take note of every log that is opened from now on, and make what retries do so quickly."""
    victims: list[Victim] = []
    opening = SqliteEngines.open

    async def noting(path: Path, prepare: Any) -> SqliteEngines:
        opened = await opening(path, prepare)
        # No reader is open yet: what there is belongs to the writer.
        wal, database = _descriptor(path.with_name(path.name + "-wal")), _descriptor(path)
        victims.append(victim := Victim(path, opened, wal, database))
        writing = opened.write

        async def counting(work: Any) -> Any:
            victim.writes += 1
            return await writing(work)

        monkeypatch.setattr(opened, "write", counting)
        return opened

    pragmas = (*engines_module.SQLITE_WRITER_PRAGMAS, f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    monkeypatch.setattr(SqliteEngines, "open", noting)
    monkeypatch.setattr(engines_module, "SQLITE_WRITER_PRAGMAS", pragmas)
    monkeypatch.setattr(log_module, "RECOVERY_S", 0.05)
    return victims


def _descriptor(path: Path) -> int:
    found = [fd for fd in _open_descriptors() if _target(fd) == str(path)]
    assert len(found) == 1, f"{path} is open {len(found)} times"
    return found[0]


def _open_descriptors() -> list[int]:
    return [int(each.name) for each in Path("/proc/self/fd").iterdir()]


def _target(descriptor: int) -> str:
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except FileNotFoundError:
        return ""


@contextmanager
def replaced(victim: Victim, descriptor: int, by: int) -> Iterator[None]:
    """Let a descriptor of the writer's mean something else; closes `by`."""
    _empty_wal(victim.path)
    kept = os.dup(descriptor)
    try:
        victim.in_writer(lambda: os.dup2(by, descriptor))
        yield
    finally:
        victim.in_writer(lambda: os.dup2(kept, descriptor))
        os.close(kept)
        os.close(by)


def _empty_wal(path: Path) -> None:
    # What the exchanged file reads as must not be taken for the log: so there is nothing to be read.
    connection = sqlite3.connect(path)
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    assert busy == 0


# --- the faults ---------------------------------------------------------------------------------


@contextmanager
def no_space(victim: Victim) -> Iterator[None]:
    """Every write says ENOSPC."""
    with replaced(victim, victim.wal, os.open("/dev/full", os.O_RDWR)):
        yield


@contextmanager
def broken_disk(victim: Victim) -> Iterator[None]:
    """Every read and write says EIO: the place is a page that a child process does not have."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        try:
            broken = os.open(f"/proc/{other.pid}/mem", os.O_RDWR)
        except OSError as error:
            pytest.skip(f"another process's memory may not be opened here: {error}")
        with pytest.raises(OSError, match="Input/output error"):
            os.pwrite(broken, b"x", 0)
        with replaced(victim, victim.wal, broken):
            yield


@contextmanager
def failing_sync(victim: Victim) -> Iterator[None]:
    """Writes are taken, and fsync fails: what was written may not be there."""
    with replaced(victim, victim.wal, os.open("/dev/null", os.O_RDWR)):
        yield


@contextmanager
def read_only(victim: Victim) -> Iterator[None]:
    """The file is open for reading only: every write says EBADF."""
    wal = victim.path.with_name(victim.path.name + "-wal")
    with replaced(victim, victim.wal, os.open(wal, os.O_RDONLY)):
        yield


@contextmanager
def read_only_database(victim: Victim) -> Iterator[None]:
    """Only the file itself refuses to be written: appends succeed, checkpoints do not."""
    with replaced(victim, victim.database, os.open(victim.path, os.O_RDONLY)):
        yield


@contextmanager
def foreign_lock(victim: Victim) -> Iterator[None]:
    """Another program holds SQLite's own lock for longer than the writer waits."""
    command = [sys.executable, "-c", HOLDER, str(victim.path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield


@contextmanager
def full_disk(victim: Victim) -> Iterator[None]:
    """A small file system is filled to its last byte; needs `small_disk`."""
    with filled(victim.path.parent):
        yield


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Another file takes all the space that there is in a folder's file system."""
    balloon = folder / "balloon"
    with balloon.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            while _fits(file.fileno(), size):
                pass
    yield
    balloon.unlink()


def _fits(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, bytes(size)) > 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


@contextmanager
def small_disk(folder: Path, mebibytes: int = 32) -> Iterator[Path]:
    """A file system of its own in a folder, skipped where it may not be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if mounted.returncode != 0:
        pytest.skip(f"a file system may not be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def file_size_limit(process: int, size: int) -> Iterator[None]:
    """A quota: no file of a process may grow beyond so many bytes; a write beyond says EFBIG."""
    soft, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, hard))
