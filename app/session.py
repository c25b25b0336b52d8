"""How a browser gets to write without ever holding the write token: a launch code, exchanged for a cookie.

The server prints a link with a launch code; the page hands the code in once and gets a cookie that scripts
cannot read. The cookie is stateless: it says when it ends, signed with a key made from the write token. So it
outlives a restart, and a new token ends every session.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

LAUNCH_BYTES: Final = 32
"""256 bits of randomness: guesses need no limit, there is nothing to find."""

LAUNCH_S_MAX: Final = 600
"""How long a launch code waits for its browser."""

LAUNCH_CODES_MAX: Final = 8
"""Codes that wait at a time; one more, and the oldest is forgotten."""

SESSION_S_MAX: Final = 30 * 86_400
"""How long a browser may write after it signed in."""

COOKIE: Final = "synapse_session"
COOKIE_VERSION: Final = "1"
_KEY_OF: Final = b"synapse session key 1"
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}

Clock = Callable[[], datetime]


class LaunchCodes:
    """The codes that were printed and wait for their browser. In memory only: a restart ends them."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._waiting: list[tuple[str, datetime]] = []

    def issue(self) -> str:
        """A new code, good for `LAUNCH_S_MAX` or until it is redeemed."""
        code = secrets.token_urlsafe(LAUNCH_BYTES)
        ends_at = self._now() + timedelta(seconds=LAUNCH_S_MAX)
        self._waiting = [*self._fresh(), (code, ends_at)][-LAUNCH_CODES_MAX:]
        return code

    def redeem(self, given: str) -> bool:
        """Whether a code is one of those that wait, in constant time; from then on it is not."""
        fresh = self._fresh()
        own = given.encode(errors="replace")
        found = [hmac.compare_digest(code.encode(), own) for code, _ in fresh]
        self._waiting = [kept for kept, used in zip(fresh, found, strict=True) if not used]
        return any(found)

    def _fresh(self) -> list[tuple[str, datetime]]:
        now = self._now()
        return [(code, ends_at) for code, ends_at in self._waiting if now < ends_at]


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that may write until `expires_at`."""

    expires_at: datetime


class Sessions:
    """Opens sessions and knows them again by their cookie.

    Attributes:
        launch: the codes that open one.
    """

    def __init__(self, token: str, now: Clock) -> None:
        """`token`: the write token; the cookies are its, and it is in none of them."""
        self._key = hmac.digest(token.encode(), _KEY_OF, sha256)
        self._now = now
        self.launch = LaunchCodes(now)

    def open(self) -> tuple[Session, str]:
        """A new session, and what its cookie holds."""
        ends_s = int(self._now().timestamp()) + SESSION_S_MAX
        text = f"{COOKIE_VERSION}.{ends_s}"
        return _session(ends_s), f"{text}.{self._signature(text)}"

    def find(self, cookie: str | None) -> Session | None:
        """The session of a cookie; None for one that is tampered with, over, or of another token."""
        text, _, signature = (cookie or "").rpartition(".")
        given = signature.encode(errors="replace")
        if not hmac.compare_digest(given, self._signature(text).encode()):
            return None
        # It is signed, so it is as a server with this token wrote it; a later one may write another version.
        version, _, ends_s = text.partition(".")
        if version != COOKIE_VERSION:
            return None
        session = _session(int(ends_s))
        return session if self._now() < session.expires_at else None

    def _signature(self, text: str) -> str:
        digest = hmac.digest(self._key, text.encode(errors="replace"), sha256)
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _session(ends_s: int) -> Session:
    return Session(datetime.fromtimestamp(ends_s, UTC))


def is_same_origin(origin: str | None, host: str | None, scheme: str) -> bool:
    """Whether a request comes from a page of the server that it goes to.

    A browser sends the cookie of one host with requests of pages on all its ports, so the port counts.

    Args:
        origin: the `Origin` header: the page's scheme, host and port; `null` where a browser hides it.
        host: the `Host` header.
        scheme: the request's own, as far as the server knows: behind a proxy that ends TLS without a
            word it is `http`, and a page of `https` is right; the other way round it is not.
    """
    page_scheme, separator, place = (origin or "").lower().partition("://")
    port = _DEFAULT_PORTS.get(page_scheme)
    if not separator or not place or port is None or (page_scheme, scheme) == ("http", "https"):
        return False
    return place.removesuffix(port) == (host or "").lower().removesuffix(port)
