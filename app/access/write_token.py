"""The token that writes need: given, or made at first start in a file that only its owner can read."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.access.errors import TokenFileError
from app.access.files import written_beside

TOKEN_BYTES: Final = 32
"""256 bits of randomness."""


@dataclass(frozen=True, slots=True)
class WriteToken:
    """The token, and the file that holds it (None when it was given)."""

    value: str = field(repr=False)
    path: Path | None

    def matches(self, given: str) -> bool:
        """Whether a client's token is this one, in constant time."""
        return secrets.compare_digest(given.encode(), self.value.encode())

    def is_in(self, text: str) -> bool:
        """Whether a text holds the token somewhere; where it does not, the time says nothing about it."""
        given, own = text.encode(), self.value.encode()
        starts = range(len(given) - len(own) + 1)
        return any(secrets.compare_digest(given[at : at + len(own)], own) for at in starts)


def load_token(given: str | None, database: Path) -> WriteToken:
    """The server's token of one log.

    Args:
        given: the operator's own token, which wins.
        database: the log's file; a token that is made lies beside it, with mode 0600.

    Raises:
        OSError: the file cannot be read or written; what was there is as it was.
        TokenFileError: it holds something else than a token.
    """
    if given is not None:
        return WriteToken(given, None)
    path = database.with_name(database.name + ".token")
    return WriteToken(_read(path) or _make(path), path)


def _read(path: Path) -> str:
    """The token in a file; nothing when there is none, or it is empty, as a full disk may have left it."""
    try:
        token = path.read_bytes().decode("ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""
    if token and not (token.isascii() and token.isprintable()):
        raise TokenFileError(f"{path} holds no token: delete it, and a new one is made")
    return token


def _make(path: Path) -> str:
    """Write a new token beside the file and put it in its place: the file is never there without one."""
    with written_beside(path, f"{secrets.token_urlsafe(TOKEN_BYTES)}\n".encode()) as beside:
        with suppress(OSError):  # another process was first, or this file system knows no links
            os.link(beside, path)
        if not _read(path):
            beside.replace(path)
    return _read(path)
