"""Whether the file that is being written is still the one that the next start opens."""

import os
from pathlib import Path

from events.errors import StoreUnavailable


class OpenFile:
    """The file of a database that is open for writing.

    SQLite writes on into a file that was deleted or moved away: what is committed there nobody finds again.
    """

    def __init__(self, database: Path) -> None:
        """Look at it right after it was opened."""
        self._path = str(database)
        self._identity = _identity(self._path)

    def check(self) -> None:
        """Make sure that it still lies where it was opened.

        Raises:
            StoreUnavailable: it was deleted, moved, or replaced by another.
        """
        if _identity(self._path) != self._identity:
            raise StoreUnavailable(
                f"{self._path} was deleted or replaced while it is written: put it back, or start again"
            )


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # at every commit, and a `Path` takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino
