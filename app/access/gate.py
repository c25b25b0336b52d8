"""`Gate`: finds the grant behind what somebody shows, and knows whether it still holds."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from app.access.exposure import is_loopback
from app.access.grant import ALL_SCOPES, ANYONE, NOBODY, Grant
from app.access.sessions import Sessions
from app.access.token_book import PROOF as BOOK_PROOF
from app.access.token_book import SIGNED, TokenBook
from app.access.write_token import WriteToken

RUNS_MAX: Final = 64
"""Parts of a text that are tried as tokens before something that may hold one is logged."""

_RUNS: Final = tuple(
    re.compile(rf"[{characters}]{{16,}}")
    for characters in (r"A-Za-z0-9_.~+/=-", r"A-Za-z0-9_.~+/-", r"A-Za-z0-9_.-", r"A-Za-z0-9_-")
)
_LIKE_SIGNED: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.")

OWNER: Final = Grant("owner", ALL_SCOPES, proof="owner")
"""Who holds the server's own token."""


class SignedTokens(Protocol):
    """Tokens that others sign: `app.access.jwt_tokens`, which is loaded only where there are any."""

    def find(self, token: str) -> Grant | None:
        """What a token allows; None for one that is not right, or over."""

    def stands(self, proof: str) -> bool:
        """Whether the key that a token was signed with is still one of those that count."""

    def refresh(self) -> None:
        """Read the keys again, where they have changed."""


class Gate:
    """Who may come in, and as what.

    Attributes:
        token: the server's own token, which allows everything.
        sessions: browsers that signed in.
        now: the clock.
    """

    def __init__(
        self,
        token: WriteToken,
        sessions: Sessions,
        now: Callable[[], datetime],
        *,
        opens_reading: bool = True,
        only_here: bool = False,
        book: TokenBook | None = None,
        jwts: SignedTokens | None = None,
    ) -> None:
        """`opens_reading`: whether whoever shows nothing may read; `only_here`: from this machine only."""
        self.token = token
        self.sessions = sessions
        self.now = now
        self._opens_reading = opens_reading
        self._only_here = only_here
        self._book = book
        self._jwts = jwts

    def stranger(self, address: str | None) -> Grant:
        """What whoever shows nothing may do, by the address that he comes from; None for a socket without one."""
        # A proxy on this machine brings others to a server that listens here only, and names them.
        is_here = not self._only_here or address is None or is_loopback(address)
        return ANYONE if self._opens_reading and is_here else NOBODY

    def of_token(self, token: str) -> Grant | None:
        """What a token allows; None for one that is wrong, over or revoked."""
        if self.token.matches(token):
            return OWNER
        found = self._book.find(token) if self._book is not None else None
        if found is None and self._jwts is not None:
            found = self._jwts.find(token)
        return found if found is not None and self.holds(found) else None

    def of_cookie(self, cookie: str | None) -> Grant | None:
        """What a browser's cookie allows; None for none, and for one that is not right, over or revoked."""
        session = self.sessions.find(cookie)
        if session is None:
            return None
        grant = session.grant
        if grant.proof.startswith(BOOK_PROOF) and self._book is not None:
            # What the file says by now: a token that may do less makes its sessions do less.
            current = self._book.current(grant)
            if current is None:
                return None
            ends = [one for one in (current.expires_at, session.expires_at) if one is not None]
            grant = Grant(current.name, current.scopes, current.channels, min(ends), current.proof)
        return grant if self.holds(grant) else None

    def holds(self, grant: Grant) -> bool:
        """Whether a grant still counts: it is not over, and nobody has taken it back."""
        if grant.expires_at is not None and self.now() >= grant.expires_at:
            return False
        if grant.proof.startswith(SIGNED) and not (
            self._jwts is not None and self._jwts.stands(grant.proof)
        ):
            return False
        if self._book is None:
            return not grant.proof.startswith(BOOK_PROOF)
        if grant in {OWNER, ANYONE, NOBODY}:
            return True
        if not self._book.stands(grant.proof):
            return False
        if not grant.proof.startswith(BOOK_PROOF):
            return True
        # A token that may do less than when it came in has to come in again.
        current = self._book.current(grant)
        return (
            current is not None
            and (current.expires_at is None or self.now() < current.expires_at)
            and grant.scopes <= current.scopes
            and grant.channels <= current.channels
        )

    def is_secret(self, text: str) -> bool:
        """Whether a text is a token, or holds one somewhere: no log line may show it.

        It holds one also where it looks like a signed one, right or not, or has too many parts to try them all.
        A token of the operator's own making with fewer characters, or with others, is found as the whole text only.
        """
        if self.token.is_in(text) or _LIKE_SIGNED.search(text) or self.of_token(text) is not None:
            return True
        runs = {run for pattern in _RUNS for run in pattern.findall(text)}
        return len(runs) > RUNS_MAX or any(self.of_token(run) is not None for run in runs)

    def refresh(self) -> None:
        """Read again what tokens hang on, where it has changed: reads files, so call it outside of the loop."""
        if self._book is not None:
            self._book.refresh()
        if self._jwts is not None:
            self._jwts.refresh()
