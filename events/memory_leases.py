"""Leases for the event store in memory."""

from collections.abc import Callable, Collection

from events.lease_rules import NOBODY, Lease, acquired, cut_short, released, renewed, unheld


class MemoryLeases:
    """The part of the store in memory that gives out leases."""

    _clock: Callable[[], int]

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}

    async def acquire_lease(self, name: str, holder: str, ttl_s: float) -> Lease | None:
        """Take a lease; None when another holder has it."""
        now_us = self._clock()
        present = self._leases.get(name) or unheld(name)
        present = self._put(cut_short(present, ttl_s, now_us)) or present
        return self._put(acquired(present, holder, ttl_s, now_us))

    async def renew_lease(self, lease: Lease, ttl_s: float) -> Lease | None:
        """Make a lease last from now on; None when it is lost."""
        return self._put(renewed(self._leases.get(lease.name), lease, ttl_s, self._clock()))

    async def release_lease(self, lease: Lease) -> None:
        """Give a lease back."""
        self._put(released(self._leases.get(lease.name), lease))

    async def leases(self) -> list[Lease]:
        """Every lease that was acquired and not released, by name."""
        held = (one for one in self._leases.values() if one.holder != NOBODY)
        return sorted(held, key=lambda one: one.name)

    def _fences(self, names: Collection[str]) -> dict[str, int]:
        """The fences of those of the leases that are held."""
        known = (self._leases.get(name) for name in names)
        return {one.name: one.fence for one in known if one and one.holder != NOBODY}

    def _put(self, lease: Lease | None) -> Lease | None:
        if lease is not None:
            self._leases[lease.name] = lease
        return lease
