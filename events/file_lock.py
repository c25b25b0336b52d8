"""The lock beside an SQLite file that keeps a second writing process out."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from events.errors import StoreLocked, StoreUnavailable

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str]) -> None:
        # One byte far beyond the text: always the same one, and the holder's name stays readable.
        os.lseek(file.fileno(), 2**30, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """Held from `acquire` to `release`, or until the process ends, however it ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def acquire(cls, path: Path) -> "FileLock":
        """Lock `path` for writing by this process, through a file `PATH.lock` that names the holder.

        Raises:
            StoreLocked: another process holds it; the message says which.
            StoreUnavailable: the folder does not exist, or it or the file cannot be written.
        """
        # Resolved: a symbolic link is another name of the same file, and must meet the same lock.
        path = path.resolve()
        if path.exists() and not os.access(path, os.W_OK):
            # SQLite would open it for reading, and leave files beside it that nobody may write either.
            raise StoreUnavailable(f"{path} cannot be written: it is read-only")
        lock_path = path.with_name(path.name + ".lock")
        try:
            file = lock_path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StoreUnavailable(f"{path} cannot be written: {error.strerror}") from error
        try:
            _try_lock(file)
        except OSError:
            holder = _holder(lock_path)
            file.close()
            raise StoreLocked(
                f"{path} is being written by {holder}: stop it first, or name another file with --db"
            ) from None
        # For people to read, no more: the lock holds on a full disk too.
        with suppress(OSError):
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"process {os.getpid()} ({Path(sys.argv[0]).name})".encode())
        return cls(file)

    def release(self) -> None:
        """Let another process in."""
        self._file.close()


def _holder(lock_path: Path) -> str:
    try:
        return lock_path.read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"
