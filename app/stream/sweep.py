"""Looks again and again whether what open connections came in with still holds."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import structlog

from app.access.grant import Grant
from app.stream.close_codes import CLOSE_UNAUTHORISED

SWEEP_S: Final = 1.0
"""How often. A token that is taken back counts so long, and as long as its file takes to be read; then its
connections are closed, and the two seconds that a goodbye may take leave slack of the 5 s that are promised."""

OVER: Final = "expired or revoked"

_log = structlog.get_logger("stream")


class Held(Protocol):
    """A connection, as far as this goes."""

    @property
    def id(self) -> str:
        """What names it in the logs."""

    @property
    def grant(self) -> Grant:
        """What its client may do."""

    def dismiss(self, code: int, reason: str) -> None:
        """Close at once, whatever is under way."""


class Sweep:
    """Closes connections whose grant has ended."""

    def __init__(
        self,
        connections: Callable[[], Iterable[Held]],
        holds: Callable[[Grant], bool],
        refresh: Callable[[], None] | None = None,
        every_s: float = SWEEP_S,
    ) -> None:
        """Look at connections.

        Args:
            connections: those that are open now.
            holds: whether a grant still counts.
            refresh: reads again what grants hang on, in a thread.
            every_s: how often.
        """
        self._connections = connections
        self._holds = holds
        self._every_s = every_s
        self._refresh = refresh
        self._reading: asyncio.Future[None] | None = None
        self._reader: ThreadPoolExecutor | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="Sweep")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._reader is not None:
            self._reader.shutdown(wait=False)
            self._reader = None

    def look(self) -> int:
        """Close those whose grant has ended now; returns how many."""
        # Thousands of viewers may have come in with one token: it is asked for once.
        known: dict[Grant, bool] = {}
        ended = 0
        for connection in tuple(self._connections()):
            grant = connection.grant
            if grant not in known:
                known[grant] = self._holds(grant)
            if not known[grant]:
                ended += 1
                _log.info("grant_ended", connection=connection.id, who=grant.name)
                connection.dismiss(CLOSE_UNAUTHORISED, OVER)
        return ended

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self._read_again()
            except Exception:  # noqa: BLE001  # what is known still ends in its time
                _log.exception("refresh_failed")
            try:
                self.look()
            except Exception:  # noqa: BLE001  # the next one is as important
                _log.exception("sweep_failed")

    async def _read_again(self) -> None:
        """Wait for the files, but not for ever: what ends by the clock ends also where a disk hangs."""
        if self._refresh is None:
            return
        if self._reading is None:
            # A thread of its own: the others' may all be busy with long exports.
            self._reader = self._reader or ThreadPoolExecutor(1, "Sweep")
            loop = asyncio.get_running_loop()
            self._reading = loop.run_in_executor(self._reader, self._refresh)
        await asyncio.wait([self._reading], timeout=self._every_s)
        if self._reading.done():
            reading, self._reading = self._reading, None
            reading.result()
