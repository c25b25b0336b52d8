"""Small files of an operator's: read whole or not at all, read again when they change, replaced in one step."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.access.errors import UnfitFileError

FILE_BYTES_MAX: Final = 1_048_576
"""Of a tokens file (some 5,000 tokens), and of a JWKS file."""

Identity = tuple[int, ...]
_GONE: Final[Identity] = ()


def read_small(path: Path) -> bytes:
    """What a file holds.

    Raises:
        OSError: it cannot be read now; `FileNotFoundError`: it is not there.
        UnfitFileError: it is a pipe or a device, or too big.
    """
    # Opened without waiting: a pipe that nobody writes to would hold up whoever asks.
    with open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UnfitFileError(f"{path} is no regular file")
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise UnfitFileError(f"{path} has more than {FILE_BYTES_MAX:,} bytes")
    return data


def _at_once(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


class WatchedFile:
    """A file that others change."""

    def __init__(self, path: Path) -> None:
        """It has not been read yet."""
        self.path = path
        self._seen: Identity | None = None

    def news(self) -> bytes | None:
        """What it holds, if it may have changed since it was read; None where it has not.

        Raises:
            FileNotFoundError: it is gone; told once.
            OSError: it cannot be read now; the next call reads it again.
            UnfitFileError: it is a pipe or a device, or too big; told once.
        """
        seen, self._seen = self._seen, None
        found = _identity(self.path)
        if found == seen:
            self._seen = seen
            return None
        try:
            data = read_small(self.path)
        except UnfitFileError:
            self._seen = found
            raise
        except FileNotFoundError:
            self._seen = _GONE
            raise
        self._seen = found
        return data


def _identity(path: Path) -> Identity:
    try:
        found = path.stat()
    except FileNotFoundError:
        return _GONE
    # The last one changes also where a copying program sets the others back.
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns


@contextmanager
def written_beside(path: Path, data: bytes, told: Path | None = None) -> Iterator[Path]:
    """A new file beside another, of mode 0600 and safe on the disk, to be put in its place; else it goes again.

    Args:
        path: the other one.
        data: what the new one holds.
        told: how whoever asked calls the other one.

    Raises:
        OSError: it cannot be written, or what is done with it fails; it names the other one.
    """
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield beside
    except OSError as error:
        # Its own name says nothing to whoever reads the message.
        raise type(error)(error.errno, error.strerror, str(told or path)) from error
    finally:
        beside.unlink(missing_ok=True)
