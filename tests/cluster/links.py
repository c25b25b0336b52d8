"""Wires between nodes and what they use, that a test can cut: bytes pass through this process until it says otherwise.

It runs anywhere, without any rights; `namespaces` cuts a real network where the machine allows.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self, TypeVar

Result = TypeVar("Result")
Opened = Callable[[], socket.socket]
Where = str | tuple[str, int] | Opened
Target = Callable[[], Where]
"""Where the server is now: the path of its socket, host and port, or what opens a socket to it."""

CHUNK_BYTES: Final = 65_536
CALL_S_MAX: Final = 20.0


class Flow(StrEnum):
    """What becomes of a link's bytes."""

    OPEN = "open"
    CUT = "cut"
    """Every connection ends with a reset, and so does each new one."""
    FROZEN = "frozen"
    """Nothing passes, and nobody is told: half-open connections."""


class Link:
    """A wire to one server; control it from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, target: Target) -> None:
        self.port = 0
        self._loop = loop
        self._target = target
        self._flow = Flow.OPEN
        self._flows = asyncio.Event()
        self._flows.set()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._waiting: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """End every connection, and let nobody through from now on."""
        self._call(self._become, Flow.CUT)

    def freeze(self) -> None:
        """Let no byte pass from now on, and tell nobody."""
        self._call(self._become, Flow.FROZEN)

    def heal(self, *, forgets: bool = False) -> None:
        """Let everything pass again.

        Args:
            forgets: connections that were frozen are lost, as in a firewall that was started again; else their
                bytes arrive now.
        """
        if forgets:
            self._call(self._drop)
        self._call(self._become, Flow.OPEN)

    async def listen(self, host: str) -> None:
        """Begin, on a port of its own."""
        self._server = await asyncio.start_server(self._accept, host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End everything."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _call(self, work: Callable[..., None], *arguments: object) -> None:
        async def done() -> None:
            work(*arguments)

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(CALL_S_MAX)

    def _become(self, flow: Flow) -> None:
        self._flow = flow
        if flow is Flow.FROZEN:
            self._flows.clear()
            return
        if flow is Flow.CUT:
            self._drop()
        self._flows.set()

    def _drop(self) -> None:
        for writer in [*self._waiting, *(end for pair in self._pairs for end in pair)]:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._waiting.add(writer)
        await self._flows.wait()
        self._waiting.discard(writer)
        if self._flow is Flow.CUT or (far := await _opened(self._target())) is None:
            writer.transport.abort()
            return
        pair = (writer, far[1])
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._copy(reader, far[1]), self._copy(far[0], writer))
        finally:
            self._pairs.discard(pair)
            for end in pair:
                end.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        await self._flows.wait()
        writer.close()


async def _opened(where: Where) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    try:
        if isinstance(where, str):
            return await asyncio.open_unix_connection(where)
        if isinstance(where, tuple):
            return await asyncio.open_connection(*where)
        return await asyncio.open_connection(sock=await asyncio.to_thread(where))
    except OSError:
        return None


class Network:
    """All links of a test, in a thread of their own: what blocks the test does not hold them up."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._links: list[Link] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="network")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for link in self._links:
            self._run(link.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_S_MAX)
        self._loop.close()

    def link(self, target: Target, host: str = "127.0.0.1") -> Link:
        """A new wire to a server; it listens on `host`."""
        link = Link(self._loop, target)
        self._links.append(link)
        self._run(link.listen(host))
        return link

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_S_MAX)
