"""Wires to a server that a test can hold up, cut and listen to: bytes go there and back until it says otherwise."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from tests.postgres import name_of

Where = Path | str
"""A server: the path of its socket, or `http://HOST:PORT`."""

CHUNK_BYTES: Final = 1 << 20
KEY_DATA: Final = b"K\x00\x00\x00\x0c"
"""How PostgreSQL's message begins that tells its process id; four bytes of it follow."""

POOLER_ID: Final = b"\x00\x00\x00\x07"


class Wire:
    """Forwards to a server.

    Attributes:
        target: the server; connections that are made from now on go there.
        url: of the same, through here.
        whole: bytes pass only while it is set; else they wait, and nobody is told.
        pooled: PostgreSQL's clients are told the process id of a pooler.
        opened: connections so far.
        held: how often bytes came while it was not whole.
        said: what the clients have said, a text for each turn: it ends where the server answers.
    """

    def __init__(self, target: Where) -> None:
        self.target = target
        self.url = ""
        self.whole = asyncio.Event()
        self.whole.set()
        self.pooled = False
        self.opened = self.held = 0
        self.said: list[bytes] = []
        self._clients_turn: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def place(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def cut(self) -> None:
        """Break every connection without a word."""
        self.whole.set()
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        self.opened += 1
        try:
            far_reader, far_writer = await self._far()
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._writers |= pair
        try:
            await asyncio.gather(
                self._there(reader, far_writer, writer), self._back(far_reader, writer)
            )
        finally:
            self._writers -= pair
            self._clients_turn.discard(writer)

    async def _far(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, Path):
            return await asyncio.open_unix_connection(self.target)
        far = urlsplit(self.target)
        return await asyncio.open_connection(far.hostname, far.port)

    async def _there(
        self,
        reader: asyncio.StreamReader,
        far: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        async for data in self._chunks(reader, far):
            if client in self._clients_turn:
                self.said[-1] += data
            else:
                self.said.append(data)
                self._clients_turn.add(client)
            far.write(data)

    async def _back(self, far: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        async for data in self._chunks(far, client):
            self._clients_turn.discard(client)
            at = data.find(KEY_DATA) if self.pooled else -1
            client.write(data if at < 0 else data[: at + 5] + POOLER_ID + data[at + 9 :])

    async def _chunks(
        self, reader: asyncio.StreamReader, to: asyncio.StreamWriter
    ) -> AsyncIterator[bytes]:
        """What may pass, each as soon as the one before was taken; then `to` is closed."""
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                self.held += not self.whole.is_set()
                await self.whole.wait()
                yield data
                await to.drain()
        to.close()


def socket_of(url: str) -> Path:
    """The socket at which a test's PostgreSQL listens."""
    return Path(unquote(urlsplit(url).query.partition("host=")[2])) / ".s.PGSQL.5432"


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    """A wire to what a URL names, on a port of its own: a server's address, or a test's database."""
    is_database = url.startswith("postgresql:")
    wire = Wire(socket_of(url) if is_database else url)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    wire.url = f"http://{address}"
    if is_database:
        wire.url = f"postgresql://{urlsplit(url).username}@{address}/{name_of(url)}?sslmode=disable"
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
