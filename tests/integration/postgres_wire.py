"""A wire to a real PostgreSQL that goes dead without a word, or has a pooler on it, when a test says so."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

SOCKET = ".s.PGSQL.5432"
KEY_DATA = b"K\x00\x00\x00\x0c"
"""How the server's message begins that tells its process id; four bytes of it follow."""


class Wire:
    """Forwards to the server's socket.

    Attributes:
        whole: bytes pass only while it is set; else they wait, and nobody is told.
        pooled: clients are told the process id of a pooler.
        opened: connections so far.
        held: how often bytes came while it was not whole.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._far = Path(parse_qs(urlsplit(url).query)["host"][0]) / SOCKET
        self.url = url.partition("?")[0] + f"?host={quote(str(folder), safe='')}"
        self.folder = folder
        self.whole = asyncio.Event()
        self.whole.set()
        self.pooled = False
        self.opened = self.held = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        self.opened += 1
        far_reader, far_writer = await asyncio.open_unix_connection(self._far)
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                self.held += not self.whole.is_set()
                await self.whole.wait()
                if self.pooled and (at := data.find(KEY_DATA)) >= 0:
                    data = data[: at + 5] + b"\x00\x00\x00\x07" + data[at + 9 :]
                writer.write(data)
                await writer.drain()
        writer.close()

    def cut(self) -> None:
        """Break every connection."""
        self.whole.set()
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    """A wire to a server's database; its own `url` leads over it."""
    folder = Path(tempfile.mkdtemp(prefix="wire-"))
    wire = Wire(url, folder)
    server = await asyncio.start_unix_server(wire.serve, folder / SOCKET)
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
        shutil.rmtree(folder)
