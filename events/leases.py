"""A lease as its holder has it: waited for, renewed in the background, told when it is lost, given back."""

import asyncio
from contextlib import suppress
from typing import Final

from events.envelope import Fence
from events.errors import EventError, FenceLost
from events.lease_rules import Lease, LeaseStore, acquired, unheld

__all__ = ["RELEASE_S_MAX", "RENEWALS", "RETRY_S", "Hold", "Lease"]

RENEWALS: Final = 3
"""How often in the time of a lease its holder renews it."""

RETRY_S: Final = 1.0
"""How often who waits for a lease asks for it; more often where leases are short."""

RELEASE_S_MAX: Final = 5.0
"""How long giving a lease back may take; one that was not given back expires."""


class Hold:
    """A lease as its holder has it: taken, renewed in the background, given back. For one use.

    `EventLog.hold` makes it. As a context it waits for the lease, and gives it back in the end:

        async with log.hold("feed:spx", holder, ttl_s=15) as hold:
            await log.append(events, fence=hold.fence)

    Attributes:
        name: of the lease.
        lost: set when the lease is ours no longer: another holder has it, or it could not be renewed in its
            time (by this process's own clock, so also when the database does not answer); and once it was
            given back.
    """

    def __init__(self, store: LeaseStore, name: str, holder: str, ttl_s: float) -> None:
        """Nothing is asked of the store yet.

        Raises:
            InvalidLease: the name, the holder or the time is none that a lease can have.
        """
        acquired(unheld(name), holder, ttl_s, 0)
        self.name = name
        self.lost = asyncio.Event()
        self._store = store
        self._holder = holder
        self._ttl_s = ttl_s
        self._lease: Lease | None = None
        self._renewal: asyncio.Task[None] | None = None

    @property
    def fence(self) -> Fence:
        """What an append needs.

        Raises:
            FenceLost: the lease is not ours.
        """
        if self._lease is None or self.lost.is_set():
            raise FenceLost(self.name, self._lease.fence if self._lease else 0)
        return self._lease.key

    async def acquire(self) -> bool:
        """Ask once for the lease; if it is ours now, it is renewed from here on. Again only if it was not.

        Raises:
            StoreUnavailable: the store cannot be written now.
        """
        if self._renewal is not None:
            raise RuntimeError(f"the lease {self.name!r} was acquired already")
        ends_at = asyncio.get_running_loop().time() + self._ttl_s
        self._lease = await self._store.acquire_lease(self.name, self._holder, self._ttl_s)
        if self._lease is None:
            return False
        self._renewal = asyncio.create_task(
            self._renew(self._lease, ends_at), name=f"lease {self.name}"
        )
        # However it ends, and also if it was cancelled before it began.
        self._renewal.add_done_callback(lambda _task: self.lost.set())
        return True

    async def release(self) -> None:
        """Give the lease back, if it is still ours. A store that cannot be written now lets it expire."""
        if self._renewal is None or self._lease is None:
            return
        self._renewal.cancel()
        await asyncio.wait([self._renewal])
        with suppress(EventError, TimeoutError):
            async with asyncio.timeout(RELEASE_S_MAX):
                await self._store.release_lease(self._lease)
        if not self._renewal.cancelled():
            self._renewal.result()

    async def __aenter__(self) -> "Hold":
        """Wait until the lease is ours."""
        while True:
            if await self.acquire():
                return self
            await asyncio.sleep(min(RETRY_S, self._ttl_s / RENEWALS))

    async def __aexit__(self, *_error: object) -> None:
        """Give it back."""
        await self.release()

    async def _renew(self, lease: Lease, ends_at: float) -> None:
        """Returns when the lease is lost."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(max(0.0, min(self._ttl_s / RENEWALS, ends_at - clock())))
            next_end = clock() + self._ttl_s
            try:
                async with asyncio.timeout_at(ends_at):
                    still = await self._store.renew_lease(lease, self._ttl_s)
            except (EventError, TimeoutError):
                if clock() < ends_at:
                    continue
                return
            if still is None:
                return
            ends_at = next_end
