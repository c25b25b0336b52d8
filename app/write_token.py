"""The token that writes need: given, or made at first start in a file that only its owner can read."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TOKEN_BYTES: Final = 32
"""256 bits of randomness."""


class TokenFileError(Exception):
    """A token file that holds no token."""


@dataclass(frozen=True, slots=True)
class WriteToken:
    """The token, and the file that holds it (None when it was given)."""

    value: str
    path: Path | None

    def matches(self, given: str) -> bool:
        """Whether a client's token is this one, in constant time."""
        return secrets.compare_digest(given.encode(), self.value.encode())


def load_token(given: str | None, database: Path) -> WriteToken:
    """The write token of one log.

    Args:
        given: the operator's own token, which wins.
        database: the log's file; a token that is made lies beside it, with mode 0600.

    Raises:
        OSError: the file cannot be read or written.
        TokenFileError: it holds something else than a token.
    """
    if given is not None:
        return WriteToken(given, None)
    path = database.with_name(database.name + ".token")
    try:
        return WriteToken(_read(path), path)
    except FileNotFoundError:
        value = secrets.token_urlsafe(TOKEN_BYTES)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(value + "\n")
        return WriteToken(value, path)


def _read(path: Path) -> str:
    token = path.read_bytes().decode("ascii", errors="replace").strip()
    if not token or not (token.isascii() and token.isprintable()):
        raise TokenFileError(f"{path} holds no token: delete it, and a new one is made")
    return token
