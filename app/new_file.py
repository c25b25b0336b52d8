"""A file that is being made: it has its name once it is whole, and never the place of another unasked."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from events.errors import EventError

SIBLINGS: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; another one's would be played into the file that it lies beside."""

LOCK: Final = ".lock"
"""What else lies beside a log that was opened for writing."""


class RefusedToReplace(EventError):
    """A file is in the way and was not to be replaced."""

    code = "refused_to_replace"


def files_of(database: Path, *more: str) -> list[Path]:
    """A database's file and its siblings, and those with `more` suffixes: those that exist."""
    names = [database.name + suffix for suffix in ("", *SIBLINGS, *more)]
    return [path for path in map(database.with_name, names) if os.path.lexists(path)]


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """A name beside `target` for a log that is not whole yet; whatever is left of it in the end is removed.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not target.parent.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, "there is no such folder: make it first", str(target.parent)
        )
    new = target.with_name(f".{target.name}.{uuid4().hex}.new")
    try:
        yield new
    finally:
        for path in files_of(new, LOCK):
            path.unlink(missing_ok=True)


def put_on_disk(place: Path) -> None:
    """Put a file, or the names in a folder, on disk."""
    if place.is_dir() and os.name == "nt":
        return  # there a folder cannot be opened, and its entries are written through
    number = os.open(place, os.O_RDONLY if place.is_dir() else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)
