"""One writing process a file: the second is told who holds it, and gets in when that one dies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from events.errors import StoreLocked, StoreUnavailable
from events.file_lock import FileLock

HOLDER = """
import sys
from pathlib import Path
from events.file_lock import FileLock

lock = FileLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until it is killed."""
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_refused_and_told_who_holds_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with another_process(path) as holder:
        with pytest.raises(StoreLocked) as caught:
            FileLock.acquire(path)
        assert f"process {holder.pid}" in str(caught.value)
        assert str(path) in str(caught.value)
        assert "--db" in str(caught.value)


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with another_process(path) as holder:
        holder.kill()
        holder.wait()
        FileLock.acquire(path).release()


def test_within_one_process_the_second_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    lock = FileLock.acquire(path)
    with pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
        FileLock.acquire(path)
    lock.release()
    FileLock.acquire(path).release()


def test_a_refused_process_does_not_wipe_out_the_holders_name(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    lock = FileLock.acquire(path)
    for _ in range(2):
        with pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
            FileLock.acquire(path)
    lock.release()


def test_a_symbolic_link_leads_to_the_same_lock(tmp_path: Path) -> None:
    path, link = tmp_path / "log.db", tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    path.touch()
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("this system lets nobody make symbolic links")
    lock = FileLock.acquire(path)
    with pytest.raises(StoreLocked):
        FileLock.acquire(link)
    lock.release()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        FileLock.acquire(tmp_path / "nowhere" / "log.db")
