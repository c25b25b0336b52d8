"""The operator's tokens: a TOML file of their hashes, read again whenever it changes.

    revoked = ["id-of-a-jwt"]

    [[token]]
    name = "grafana"
    sha256 = "64 hexadecimal digits"
    scopes = ["read"]
    channels = ["regime", "prices"]      # all, where it is left out
    expires_at = 2027-01-01T00:00:00Z    # never, where it is left out

A token that is no longer in it is revoked. A file that is not there, or cannot be read or understood any more,
revokes all: whoever takes one back must not find that a slip of the pen has kept it.
"""

import hashlib
import tomllib
from datetime import UTC
from pathlib import Path
from typing import Annotated, Final

import structlog
from pydantic import AfterValidator, AwareDatetime, Field, ValidationError

from app.access.errors import TokensFileError, UnfitFileError
from app.access.files import FILE_BYTES_MAX, WatchedFile, read_small
from app.access.grant import ALL_CHANNELS, Grant, Scope
from events.catalog import Channel, Record
from events.scalars import Label

TOKEN_CHARACTERS_MAX: Final = 4_096
"""Of a token that is sent to sign in, and of one that others signed; a longer one is not looked at."""

PROOF: Final = "token:"
"""What the proof of a grant of such a token begins with; its hash follows."""

SIGNED: Final = "jwt"
"""What the proof of a grant of a signed token begins with; its key's mark and its own id follow, after colons."""

_log = structlog.get_logger("access")


class TokenEntry(Record):
    """One token, as the file has it."""

    name: Label
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[list[Scope], Field(min_length=1)]
    channels: Annotated[list[Channel], Field(min_length=1)] | None = None
    expires_at: Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))] | None = (
        None
    )

    def grant(self) -> Grant:
        """What it allows."""
        return Grant(
            name=self.name,
            scopes=frozenset(self.scopes),
            channels=ALL_CHANNELS if self.channels is None else frozenset(self.channels),
            expires_at=self.expires_at,
            proof=PROOF + self.sha256,
        )


class TokensFile(Record):
    """All of it."""

    token: list[TokenEntry] = []
    revoked: list[Annotated[str, Field(min_length=1, max_length=256)]] = []


def token_hash(token: str) -> str:
    """What stands for a token in the file: tokens are 256 random bits, so there is nothing to slow down."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def read_tokens(path: Path) -> TokensFile:
    """The tokens in a file.

    Raises:
        TokensFileError: it cannot be read, or holds something else; two tokens have one name or one hash.
    """
    try:
        data = read_small(path)
    except (OSError, UnfitFileError) as error:
        raise _unreadable(path, error) from None
    return parse_tokens(path, data)


def parse_tokens(path: Path, data: bytes) -> TokensFile:
    """The tokens in what a file holds, or is to hold.

    Raises:
        TokensFileError: it holds something else; two tokens have one name or one hash.
    """
    if len(data) > FILE_BYTES_MAX:
        raise TokensFileError(f"{path} has more than {FILE_BYTES_MAX:,} bytes")
    try:
        found = TokensFile.model_validate(tomllib.loads(data.decode()), strict=False)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TokensFileError(f"{path} is no tokens file: {where}: {first['msg']}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TokensFileError(f"{path} is no TOML: {error}") from None
    except (OverflowError, RecursionError):
        raise TokensFileError(
            f"{path} is no tokens file: a date too far away, or lists too deep"
        ) from None
    for what in ("name", "sha256"):
        values = [getattr(entry, what) for entry in found.token]
        if len(set(values)) < len(values):
            raise TokensFileError(f"{path}: two tokens have the same {what}")
    return found


class TokenBook:
    """The tokens of a file as they were when it was read last: `refresh` reads it again when it has changed."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            TokensFileError: the file cannot be read, or is none.
        """
        self._file = WatchedFile(path)
        self._problem = ""
        self._known = _Known(TokensFile())
        self._known = self._read() or self._known

    def find(self, token: str) -> Grant | None:
        """What a token allows; None for one that is not in the file."""
        # Found by its hash: the time that a lookup takes tells nothing about any token.
        return self._known.grants.get(PROOF + token_hash(token))

    def stands(self, proof: str) -> bool:
        """Whether what a grant hangs on still holds, whichever kind of token it was."""
        known = self._known
        if proof.startswith(PROOF):
            return proof in known.grants
        kind, _, rest = proof.partition(":")
        return kind != SIGNED or rest.partition(":")[2] not in known.revoked

    def current(self, grant: Grant) -> Grant | None:
        """A grant as the file has it by now; None where it was taken back."""
        return self._known.grants.get(grant.proof)

    def refresh(self) -> None:
        """Read the file if it has changed. A big one takes long: call it outside of the loop."""
        try:
            found = self._read()
        except TokensFileError as error:
            self._known = _Known(TokensFile())
            if str(error) != self._problem:
                self._problem = str(error)
                _log.error("tokens_file_unreadable", problem=str(error), consequence="all revoked")
            return
        if found is not None:
            self._problem = ""
            self._known = found
            _log.info("tokens_file_read", tokens=len(found.grants), revoked=len(found.revoked))

    def _read(self) -> "_Known | None":
        path = self._file.path
        try:
            data = self._file.news()
        except (OSError, UnfitFileError) as error:
            raise _unreadable(path, error) from None
        return None if data is None else _Known(parse_tokens(path, data))


class _Known:
    """What a file says. One value, so that whoever asks meanwhile has the old one or the new one."""

    def __init__(self, found: TokensFile) -> None:
        self.grants = {PROOF + entry.sha256: entry.grant() for entry in found.token}
        self.revoked = frozenset(found.revoked)


def _unreadable(path: Path, error: Exception) -> TokensFileError:
    told = f"{path} cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
    return TokensFileError(told)
