"""How often a conversation with PostgreSQL turns: each turn of the client's is one way there and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.postgres import name_of


class Wire:
    """Forwards to a server's socket, and counts.

    Attributes:
        url: of the same database, through here.
        said: what the client has said, a text for each turn.
        socket: the server's; connections that are made from now on go there.
    """

    def __init__(self, socket: Path) -> None:
        self.url = ""
        self.socket = socket
        self.said: list[bytes] = []
        self._client_had_the_word: dict[asyncio.StreamWriter, bool] = {}

    @property
    def place(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(self.socket)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(
            self._copy(reader, far_writer, writer, is_client=True),
            self._copy(far_reader, writer, writer, is_client=False),
        )

    async def _copy(
        self,
        reader: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        which: asyncio.StreamWriter,
        *,
        is_client: bool,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 20):
                if is_client and self._client_had_the_word.get(which):
                    self.said[-1] += data
                elif is_client:
                    self.said.append(data)
                self._client_had_the_word[which] = is_client
                to.write(data)
                await to.drain()
        to.close()


def socket_of(url: str) -> Path:
    """The socket at which a test's server listens."""
    return Path(unquote(urlsplit(url).query.partition("host=")[2])) / ".s.PGSQL.5432"


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    """A wire to the database of a URL, on a port of its own."""
    wire = Wire(socket_of(url))
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user = urlsplit(url).username
    wire.url = f"postgresql://{user}@127.0.0.1:{port}/{name_of(url)}?sslmode=disable"
    try:
        yield wire
    finally:
        server.close()
