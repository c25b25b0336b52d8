"""The operator's tokens: a TOML file of their hashes, read again whenever it changes.

    revoked = ["id-of-a-jwt"]

    [[token]]
    name = "grafana"
    sha256 = "64 hexadecimal digits"
    scopes = ["read"]
    channels = ["regime", "prices"]      # all, where it is left out
    expires_at = 2027-01-01T00:00:00Z    # never, where it is left out

A token that is no longer in it is revoked. A file that is not there, or cannot be understood any more, revokes
all: whoever takes one back must not find that a slip of the pen has kept it.
"""

import hashlib
import tomllib
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Annotated, Final

import structlog
from pydantic import AfterValidator, AwareDatetime, Field, ValidationError

from app.access.errors import TokensFileError
from app.access.grant import ALL_CHANNELS, Grant, Scope
from events.catalog import Channel, Record
from events.scalars import Label

LOOK_AGAIN_S: Final = 1.0
"""The file is looked at again when it was so long ago; so a token that was taken out counts no longer than that."""

FILE_BYTES_MAX: Final = 1_048_576
"""Of a tokens file: some 5,000 tokens."""

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
        data = path.read_bytes()
    except OSError as error:
        raise TokensFileError(f"{path} cannot be read: {error.strerror}") from None
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
    """The tokens of a file as it is now."""

    def __init__(self, path: Path, clock_s: Callable[[], float]) -> None:
        """`clock_s`: a steady clock.

        Raises:
            TokensFileError: the file cannot be read, or is none.
        """
        self._path = path
        self._clock_s = clock_s
        self._looked_at_s = clock_s()
        self._state = _identity(path)
        self._take(read_tokens(path))

    def find(self, token: str) -> Grant | None:
        """What a token allows; None for one that is not in the file."""
        self._look()
        # Found by its hash: the time that a lookup takes tells nothing about any token.
        return self._grants.get(PROOF + token_hash(token))

    def stands(self, proof: str) -> bool:
        """Whether what a grant hangs on still holds, whichever kind of token it was."""
        self._look()
        if proof.startswith(PROOF):
            return proof in self._grants
        kind, _, rest = proof.partition(":")
        return kind != SIGNED or rest.partition(":")[2] not in self._revoked

    def current(self, grant: Grant) -> Grant | None:
        """A grant as the file has it by now; None where it was taken back."""
        self._look()
        return self._grants.get(grant.proof)

    def _look(self) -> None:
        now_s = self._clock_s()
        if now_s - self._looked_at_s < LOOK_AGAIN_S:
            return
        self._looked_at_s = now_s
        state = _identity(self._path)
        if state == self._state:
            return
        self._state = state
        try:
            found = read_tokens(self._path)
        except TokensFileError as error:
            _log.error("tokens_file_unreadable", problem=str(error), consequence="all revoked")
            found = TokensFile()
        self._take(found)
        _log.info("tokens_file_read", tokens=len(found.token), revoked=len(found.revoked))

    def _take(self, found: TokensFile) -> None:
        self._grants = {PROOF + entry.sha256: entry.grant() for entry in found.token}
        self._revoked = frozenset(found.revoked)


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # The last one changes also where a copying program sets the others back.
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns
