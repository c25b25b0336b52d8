"""The log of a test, served by the real application, so that one's own consumer connects to a real socket."""

import asyncio
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.config import Settings
from app.ingest import TickIngest
from app.live_state import PUBLIC_STATE
from app.main import Recorder, create_app, market_setup, take_leave
from app.opened import episode_projector
from app.serving import Server, address_of, bind
from events.log import EventLog
from events.projector import Projector
from events.testing import LogUnderTest


@dataclass(frozen=True, slots=True)
class ServedLog:
    """Where a log is served.

    Attributes:
        url: of its HTTP, without a slash at the end.
        socket_url: of its socket.
        token: the write token, as `Authorization: Bearer TOKEN`.
        log: the log itself.
    """

    url: str
    socket_url: str
    token: str = field(repr=False)
    log: LogUnderTest


@contextmanager
def served(log: LogUnderTest, **settings: Any) -> Iterator[ServedLog]:
    """Serve a log on a free port of this machine; what comes in over HTTP is in the same log.

    Args:
        log: stays open, also after it is served.
        settings: as `app.config.Settings`; without them no paper trader follows the prices.
    """
    token = settings.setdefault("token", secrets.token_hex(16))
    settings.setdefault("paper", "off")
    listener = bind("127.0.0.1", 0)
    url = address_of(listener).rstrip("/")
    running = log.run(_start, listener, Settings(**settings))
    try:
        yield ServedLog(url, f"{url.replace('http', 'ws', 1)}/ws/synapse", token, log)
    finally:
        log.run(running.stop)


class _Lent(Recorder):
    """Around a log that is somebody else's: it stays open."""

    async def close(self) -> None:
        """Stop what follows the log."""
        await self.projector.stop()
        await self.episodes.stop()
        await self.ingest.close()


class _Running:
    """The application in the log's own loop."""

    def __init__(self, server: Server, task: asyncio.Task[None]) -> None:
        self._server, self._task = server, task

    async def stop(self, _log: EventLog) -> None:
        """Stop as a signal would make it stop."""
        self._server.should_exit = True
        await self._task


async def _start(log: EventLog, listener: socket.socket, settings: Settings) -> _Running:
    async def lent(settings: Settings) -> Recorder:
        ingest = await TickIngest.open(log, setup=market_setup(settings))
        recorder = _Lent(log, ingest, Projector(log, PUBLIC_STATE), episode_projector(log))
        recorder.projector.start()
        recorder.episodes.start()
        return recorder

    app = create_app(settings, opened=lent)
    started = asyncio.Event()
    server = Server(app, started.set, lambda: take_leave(app))
    task = asyncio.create_task(server.serve([listener]), name="served-log")
    starts = asyncio.create_task(started.wait())
    try:
        await asyncio.wait((task, starts), return_when=asyncio.FIRST_COMPLETED)
    finally:
        starts.cancel()
    if not started.is_set():
        listener.close()
        await task
        raise RuntimeError("the server did not start")
    return _Running(server, task)
