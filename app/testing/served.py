"""The log of a test, served by the real application, so that one's own consumer connects to a real socket."""

import asyncio
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from app.config import Settings
from app.ingest import TickIngest
from app.live_state import PUBLIC_STATE
from app.main import create_app, take_leave
from app.opened import episode_projector
from app.recorder import Recorder, market_setup
from app.serving import Server, address_of, bind
from app.stream.connection_log import ConnectionRegister
from app.stream.connection_view import ConnectionView
from events.log import EventLog
from events.projector import Projector
from events.testing import CaughtUpTimeout, LogUnderTest
from events.testing.log_under_test import CAUGHT_UP_S

LOOK_S: Final = 0.01
"""How often `caught_up` looks at the server's connections, in seconds."""


@dataclass(frozen=True, slots=True)
class ServedLog:
    """Where a log is served.

    Attributes:
        url: of its HTTP, without a slash at the end.
        socket_url: of its socket.
        token: the server's token, as `Authorization: Bearer TOKEN`.
        log: the log itself.
        running: the application that serves it.
    """

    url: str
    socket_url: str
    token: str = field(repr=False)
    log: LogUnderTest
    running: "_Running" = field(repr=False)

    async def caught_up(self, timeout: float = CAUGHT_UP_S) -> None:  # noqa: ASYNC109  # what it waits at most
        """Return when every connection of the server has been sent everything up to the head, and there is one.

        What a client makes of it then is its own: wait for what your consumer does with the last event.

        Args:
            timeout: seconds to wait at most.

        Raises:
            CaughtUpTimeout: that was not so in time; it says who is how far.
        """
        __tracebackhide__ = True
        await asyncio.to_thread(self.log.run, self.running.caught_up, timeout)


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
        yield ServedLog(url, f"{url.replace('http', 'ws', 1)}/ws/synapse", token, log, running)
    finally:
        log.run(running.stop)


def _lags(view: ConnectionView, log: EventLog) -> bool:
    return view.position is None or view.position < log.head.position


class _Lent(Recorder):
    """Around a log that is somebody else's: it stays open."""

    async def close(self) -> None:
        """Stop what follows the log."""
        await self.projector.stop()
        await self.episodes.stop()
        await self.ingest.close()


class _Running:
    """The application in the log's own loop."""

    def __init__(
        self, server: Server, task: asyncio.Task[None], register: ConnectionRegister
    ) -> None:
        self._server, self._task, self._register = server, task, register

    async def caught_up(self, log: EventLog, timeout_s: float) -> None:
        """See `ServedLog`; looks often, for a connection does not tell when it has sent something."""
        __tracebackhide__ = True
        register = self._register
        try:
            async with asyncio.timeout(timeout_s):
                while not register or any(_lags(view, log) for view in register):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            head = log.head.position
            sent = [f"  {view.way} was sent all up to {view.position}" for view in register]
            who = "\n".join(sent) or "  nobody is connected to the server"
            raise CaughtUpTimeout(
                f"after {timeout_s:g} s the log's head is {head}:\n{who}"
            ) from None

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
    return _Running(server, task, app.state.services.register)
