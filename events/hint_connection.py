"""`HintConnection`: keeps a way of hints connected, whatever its servers do, and tells how it fares."""

import asyncio
from asyncio import sleep
from collections.abc import Awaitable, Callable
from random import uniform
from time import monotonic
from typing import Final

import structlog

from events.errors import first_line
from events.hints import Hint, HintKind, HintStatus

RETRY_S_MIN: Final = 0.1
RETRY_S_MAX: Final = 5.0
"""How long to wait before the servers are tried again: at first, and at most; twice as long each time.

Up to half of it less, so that nodes do not come all at once.
"""

_log = structlog.get_logger("hints")


class HintConnection:
    """One connection after another, until it is closed; an outage is logged once.

    Attributes:
        status: how it fares.
        closing: set by whoever uses it; a connection that ends after that is the last.
        task: does the work; None before the start.
    """

    def __init__(self, kind: HintKind, session: Callable[[], Awaitable[None]]) -> None:
        """`session`: one connection from its beginning to its end; calls `found` once it tells and hears."""
        self.status = HintStatus(kind)
        self.closing = False
        self.task: asyncio.Task[None] | None = None
        self._session = session
        self._heard: Callable[[Hint], None] = lambda _: None
        self._was_connected = False
        self._lost_is_told = False

    def start(self, heard: Callable[[Hint], None]) -> None:
        """Begin to connect; `heard` is called for each hint, in the event loop."""
        self._heard = heard
        self.task = asyncio.create_task(self._stay_connected(), name=f"{self.status.kind}-hints")

    def hear(self, hint: Hint) -> None:
        """Hand on what was heard."""
        self._heard(hint)

    def found(self, server: str) -> None:
        """Note that hints are told and heard from now on, by this server."""
        status = self.status
        status.reconnects += self._was_connected
        status.connected, status.error = True, None
        self._was_connected, self._lost_is_told = True, False
        _log.info("hints_connected", way=status.kind, server=server)
        # What was told before this moment was heard by nobody here.
        self._heard(Hint())

    async def _stay_connected(self) -> None:
        pause = RETRY_S_MIN
        while True:
            began = monotonic()
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001  # no fault of a way may stop it, or reach the log
                self._lose(first_line(error))
            finally:
                self.status.connected = False
            if self.closing:
                return
            if monotonic() - began > RETRY_S_MAX:
                pause = RETRY_S_MIN
            await sleep(uniform(pause / 2, pause))
            pause = min(2 * pause, RETRY_S_MAX)

    def _lose(self, why: str) -> None:
        self.status.error = why
        if not (self._lost_is_told or self.closing):
            self._lost_is_told = True
            _log.warning("hints_lost", way=self.status.kind, error=why)
