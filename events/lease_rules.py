"""Leases: one holder at a time does a thing, and a late one is kept from writing by its fence.

A lease is a row with a name, a holder, a number that rises with every acquire (the fence) and a moment at
which it expires. Who holds it appends under its fence; the store looks at the row in the transaction of the
append, so a holder that was paused and has been replaced changes nothing. Expiry only decides who may take a
lease over: as long as nobody has, an append under an expired lease is still accepted, for nobody else can
have appended under the name.

What becomes of a row is decided here, for every store; the store serialises it against appends.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Protocol

from events.envelope import Fence
from events.errors import InvalidLease

TTL_S_MIN: Final = 0.01
TTL_S_MAX: Final = 3_600.0
"""How long a lease lasts, unless it is renewed: seconds, both inclusive."""

LEASE_TEXT_MAX: Final = 100
"""Characters in the name of a lease, and in that of its holder."""

NOBODY: Final = ""
"""The holder of a lease that was released."""

_TEXT: Final = re.compile(rf"[!-~]{{1,{LEASE_TEXT_MAX}}}")


@dataclass(frozen=True, slots=True)
class Lease:
    """One lease, as it was when the store last wrote it.

    Attributes:
        name: what it is for, such as `feed:spx`.
        holder: who has it: a text that no other process uses.
        fence: rises by one with every acquire of this name, for ever.
        expires_at_us: from then on another holder may take it; microseconds since 1970, by the database's clock.
    """

    name: str
    holder: str
    fence: int
    expires_at_us: int

    @property
    def key(self) -> Fence:
        """What an append names, so that it is refused once this lease is somebody else's."""
        return Fence(self.name, self.fence)


class LeaseStore(Protocol):
    """What a store answers about leases. Times are its own: the server's, or in a file this machine's."""

    async def acquire_lease(self, name: str, holder: str, ttl_s: float) -> Lease | None:
        """Take a lease that is free, has expired, or is this holder's own: under a new fence each time.

        None: another holder has it.

        Raises:
            InvalidLease: the name, the holder or the time is none that a lease can have.
        """

    async def renew_lease(self, lease: Lease, ttl_s: float) -> Lease | None:
        """Make a lease last from now on; None: it was released, or has another fence now.

        One that has expired and that nobody has taken is renewed like any other.

        Raises:
            InvalidLease: the time is none that a lease can have.
        """

    async def release_lease(self, lease: Lease) -> None:
        """Give a lease back; one that is no longer this one is left alone."""

    async def leases(self) -> list[Lease]:
        """Every lease that was acquired and not released, by name; expired ones that nobody took as well."""


def unheld(name: str) -> Lease:
    """A lease that nobody has ever had.

    Raises:
        InvalidLease: the name is none that a lease can have.
    """
    _check_text(name, "the name of a lease")
    return Lease(name, NOBODY, 0, 0)


def acquired(present: Lease, holder: str, ttl_s: float, now_us: int) -> Lease | None:
    """The lease as its new holder's; None when another one has it.

    Raises:
        InvalidLease: the holder or the time is none that a lease can have.
    """
    _check_text(holder, "the holder of a lease")
    ttl_us = _ttl_us(ttl_s)
    if present.holder not in (NOBODY, holder) and now_us < present.expires_at_us:
        return None
    return Lease(present.name, holder, present.fence + 1, now_us + ttl_us)


def cut_short(present: Lease, ttl_s: float, now_us: int) -> Lease | None:
    """The lease as it would be had it been taken now, if it lasts longer than any can; else None.

    That means that the clock was set back since: a dead holder's lease would last for as long as that. Its
    holder, if it lives, renews it in time; if not in time, its fence keeps it from writing.
    """
    if present.expires_at_us <= now_us + _ttl_us(TTL_S_MAX):
        return None
    return replace(present, expires_at_us=now_us + _ttl_us(ttl_s))


def renewed(present: Lease | None, lease: Lease, ttl_s: float, now_us: int) -> Lease | None:
    """The lease with its new time; None when it is no longer this one.

    Raises:
        InvalidLease: the time is none that a lease can have.
    """
    expires_at_us = now_us + _ttl_us(ttl_s)
    still = _unless_lost(present, lease)
    return still and replace(still, expires_at_us=expires_at_us)


def released(present: Lease | None, lease: Lease) -> Lease | None:
    """The lease as nobody's; None when it is no longer this one, and nothing is to be done."""
    still = _unless_lost(present, lease)
    return still and replace(still, holder=NOBODY)


def _unless_lost(present: Lease | None, lease: Lease) -> Lease | None:
    if present is None or present.holder == NOBODY or present.fence != lease.fence:
        return None
    return present


def _check_text(text: str, what: str) -> None:
    if not _TEXT.fullmatch(text):
        raise InvalidLease(
            f"{what} has 1 to {LEASE_TEXT_MAX} visible ASCII characters, not {text!r}"
        )


def _ttl_us(ttl_s: float) -> int:
    if not TTL_S_MIN <= ttl_s <= TTL_S_MAX:
        raise InvalidLease(f"a lease lasts {TTL_S_MIN:g} to {TTL_S_MAX:g} s, not {ttl_s:g}")
    return round(ttl_s * 1_000_000)
