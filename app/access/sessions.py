"""How a browser gets in without ever keeping a token: a launch code, or a token, exchanged for a cookie.

The server prints a link with a launch code; the page hands the code in once and gets a cookie that scripts
cannot read. The cookie is stateless: it says what it allows and when it ends, signed with a key made from the
server's token. So it outlives a restart, and a new token ends every session.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final

from pydantic import Field

from app.access.grant import Grant, Scope
from events.catalog import Channel, Record

LAUNCH_BYTES: Final = 32
"""256 bits of randomness: guesses need no limit, there is nothing to find."""

LAUNCH_S_MAX: Final = 600
"""How long a launch code waits for its browser."""

LAUNCH_CODES_MAX: Final = 8
"""Codes that wait at a time; one more, and the oldest is forgotten."""

SESSION_S_MAX: Final = 30 * 86_400
"""How long a browser stays signed in, unless what it signed in with ends before."""

COOKIE: Final = "synapse_session"
"""What the name of the cookie begins with. A browser sends its cookies to every port of a host, so each server's
has a name of its own: 8 hexadecimal digits of its key follow."""

COOKIE_VERSION: Final = "2"
_KEY_OF: Final = b"synapse session key 1"
_NAME_OF: Final = b"synapse session name"

Clock = Callable[[], datetime]


class LaunchCodes:
    """The codes that were printed and wait for their browser. In memory only: a restart ends them."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._waiting: list[_Waiting] = []

    def issue(self, grant: Grant) -> str:
        """A new code for a grant, good for `LAUNCH_S_MAX` or until it is redeemed."""
        code = secrets.token_urlsafe(LAUNCH_BYTES)
        ends_at = self._now() + timedelta(seconds=LAUNCH_S_MAX)
        self._waiting = [*self._fresh(), _Waiting(code, ends_at, grant)][-LAUNCH_CODES_MAX:]
        return code

    def redeem(self, given: str) -> Grant | None:
        """What the code is for, if it is one of those that wait, in constant time; from then on it is not."""
        fresh = self._fresh()
        own = given.encode(errors="replace")
        found = [hmac.compare_digest(one.code.encode(), own) for one in fresh]
        self._waiting = [kept for kept, used in zip(fresh, found, strict=True) if not used]
        return next((one.grant for one, used in zip(fresh, found, strict=True) if used), None)

    def _fresh(self) -> "list[_Waiting]":
        now = self._now()
        return [one for one in self._waiting if now < one.ends_at]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A code that waits for its browser."""

    code: str = field(repr=False)
    ends_at: datetime
    grant: Grant


class _Told(Record):
    """What a cookie says."""

    ends_s: Annotated[int, Field(ge=0, le=32_503_680_000)]
    name: str
    scopes: list[Scope]
    channels: list[Channel]
    proof: str


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that was let in.

    Attributes:
        grant: what it may do, as of when it signed in; it ends with the session.
        expires_at: when it ends.
    """

    grant: Grant
    expires_at: datetime


class Sessions:
    """Opens sessions and knows them again by their cookie.

    Attributes:
        launch: the codes that open one.
        cookie: the name of the cookie.
    """

    def __init__(self, token: str, now: Clock) -> None:
        """`token`: the server's own; the cookies are signed with what is made from it, and it is in none of them."""
        self._key = hmac.digest(token.encode(), _KEY_OF, sha256)
        self._now = now
        self.launch = LaunchCodes(now)
        self.cookie = f"{COOKIE}_{hmac.digest(self._key, _NAME_OF, sha256).hex()[:8]}"

    def open(self, grant: Grant) -> tuple[Session, str]:
        """A new session for a grant, and what its cookie holds."""
        ends_s = int(self._now().timestamp()) + SESSION_S_MAX
        if grant.expires_at is not None:
            ends_s = min(ends_s, int(grant.expires_at.timestamp()))
        told = _Told(
            ends_s=ends_s,
            name=grant.name,
            scopes=[scope for scope in Scope if scope in grant.scopes],
            channels=grant.visible(),
            proof=grant.proof,
        )
        text = f"{COOKIE_VERSION}.{_encoded(told.model_dump_json().encode())}"
        return _session(told), f"{text}.{self._signature(text)}"

    def find(self, cookie: str | None) -> Session | None:
        """The session of a cookie; None for one that is tampered with, over, or of another token."""
        text, _, signature = (cookie or "").rpartition(".")
        given = signature.encode(errors="replace")
        if not hmac.compare_digest(given, self._signature(text).encode()):
            return None
        # It is signed, so it is as a server with this token wrote it; a later one may write another version.
        version, _, told = text.partition(".")
        if version != COOKIE_VERSION:
            return None
        session = _session(
            _Told.model_validate_json(urlsafe_b64decode(told + "=" * (-len(told) % 4)))
        )
        return session if self._now() < session.expires_at else None

    def _signature(self, text: str) -> str:
        return _encoded(hmac.digest(self._key, text.encode(errors="replace"), sha256))


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _session(told: _Told) -> Session:
    ends_at = datetime.fromtimestamp(told.ends_s, UTC)
    scopes, channels = frozenset(told.scopes), frozenset(told.channels)
    return Session(Grant(told.name, scopes, channels, ends_at, told.proof), ends_at)
