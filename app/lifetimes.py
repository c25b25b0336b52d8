"""Serving one lifetime of the log after another: a log that was replaced is closed, and what is there now is served.

The listening socket stays, and so do the sessions and the token: clients come back to the same server.
"""

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from app.access.gate import Gate
from app.api.waiting import no_log_yet
from app.config import Settings
from app.feeds.base import Feed, FeedSpecError
from app.lanes import Lanes
from app.main import create_app, guard, open_lanes, take_leave
from app.recorder import Recorder, open_recorder
from app.serving import AsgiApp, Wire, serve
from events.errors import EventError

REOPEN_S: Final = 1.0
"""How often a log that was replaced is tried again, until what is there now can be opened."""

QUIET_S: Final = 1.0
"""How long who comes waits for a log that is being opened; after that the answer is 503."""

_log = structlog.get_logger("serve")


@dataclass(frozen=True, slots=True)
class Logs:
    """What one lifetime is served from: the log, those beside it, and what is played into it."""

    recorder: Recorder
    lanes: Lanes
    feeds: Sequence[Feed]

    async def close(self) -> None:
        """Close them; an application that was given them does it itself."""
        try:
            await self.recorder.close()
        finally:
            await self.lanes.close()


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """What stays while lifetimes come and go.

    Attributes:
        settings: what the operator chose.
        feeds: makes the feeds that are played, anew for each lifetime: they remember what they brought.
        listener: where clients come in.
        wire: how the server speaks to the network.
        fill: what is imported first; it must leave alone what is there already.
    """

    settings: Settings
    feeds: Callable[[], Sequence[Feed]]
    listener: socket.socket
    wire: Wire
    fill: Callable[[Recorder], Awaitable[None]]

    async def open(self) -> Logs:
        """Open the logs as they are now.

        Raises:
            EventError: one of them cannot be opened.
            FeedSpecError: what a feed plays is not there any more.
        """
        feeds = self.feeds()
        async with AsyncExitStack() as undone:
            # First what is only read: where that is not there, nothing was made or changed.
            lanes = await open_lanes(self.settings)
            undone.push_async_callback(lanes.close)
            recorder = await open_recorder(self.settings)
            undone.push_async_callback(recorder.close)
            await self.fill(recorder)
            undone.pop_all()
        return Logs(recorder, lanes, feeds)

    async def serve(self, logs: Logs, gate: Gate, started: Callable[[], None]) -> None:
        """Serve these logs, and what they are replaced by, until the process is told to stop.

        Args:
            logs: closed in the end.
            gate: who may come in.
            started: called once, when requests are answered.
        """
        while True:
            log = logs.recorder.log
            await self._serve_one(logs, gate, started)
            if not log.follower.replaced.is_set():
                return
            _log.warning("log_replaced", epoch=log.head.epoch, head=log.head.position)
            logs = await self._open_again(gate)
            head = logs.recorder.log.head
            started = partial(_log.info, "serving_again", epoch=head.epoch, head=head.position)

    async def _serve_one(self, logs: Logs, gate: Gate, started: Callable[[], None]) -> None:
        async def opened(_settings: Settings) -> Recorder:
            return logs.recorder

        async def lanes_opened(_settings: Settings) -> Lanes:
            return logs.lanes

        def answering() -> None:
            # What stays by now is not looked at again: a full collection that walks it stops all for 40 ms.
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            started()

        app = create_app(self.settings, logs.feeds, opened, lanes_opened, lambda _settings: gate)
        replaced = logs.recorder.log.follower.replaced
        leaving = partial(take_leave, app)
        await serve(app, self.listener.dup(), answering, leaving, wire=self.wire, until=replaced)

    async def _open_again(self, gate: Gate) -> Logs:
        """Open what is there now, as soon as it can be; until then clients are told to try again."""
        done = asyncio.Event()
        opening = asyncio.create_task(self._opened(), name="open-again")
        opening.add_done_callback(lambda _task: done.set())
        try:
            # Mostly it can be, and whoever comes meanwhile waits at the door.
            await asyncio.wait({opening}, timeout=QUIET_S)
            if not opening.done():
                await serve(self.meanwhile(gate), self.listener.dup(), wire=self.wire, until=done)
            return await opening
        finally:
            opening.cancel()

    def meanwhile(self, gate: Gate) -> AsgiApp:
        """What is served while there is no log: whoever comes passes what they pass at other times."""
        app = no_log_yet(gate)
        guard(app, self.settings)
        return app

    async def _opened(self) -> Logs:
        told = None
        while True:
            try:
                return await self.open()
            except (EventError, FeedSpecError, OSError) as error:
                if str(error) != told:
                    told = str(error)
                    _log.warning("log_cannot_be_opened", error=told)
            await asyncio.sleep(REOPEN_S)
