"""Looks again and again whether what open connections came in with still holds."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import structlog

from app.access.grant import Grant

SWEEP_S: Final = 2.0
"""How often. One whose token is over or taken back is closed within this, the second that a tokens file may be old,
and the two that a goodbye may take: 5 s."""

CLOSE_UNAUTHORISED: Final = 4401
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
        every_s: float = SWEEP_S,
    ) -> None:
        """`connections`: those that are open now; `holds`: whether a grant still counts."""
        self._connections = connections
        self._holds = holds
        self._every_s = every_s
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
                self.look()
            except Exception:  # noqa: BLE001  # the next one is as important
                _log.exception("sweep_failed")
