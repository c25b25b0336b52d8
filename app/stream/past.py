"""The past goes out at a pace: histories and replays read one page after another, so many bytes in a second.

Who follows live is never paced. A page waits before it is read, not after: so what waits costs no memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

from app.stream.protocol import HistoryAfter, HistoryLast, HistorySince, Subscribe
from app.stream.rate import Pace
from app.stream.session import Stage
from app.stream.transport import Transport, present_text, size_of
from events.envelope import Head
from events.messages import EventText
from events.scalars import to_micros
from events.selection import Selection
from events.store import EventStore, ReadQuery
from events.subscription import ReadPositions

REPLAY_BYTES_PER_S_MAX: Final = 64 * 2**20
"""Bytes of history, or of a replay, that one connection is sent in any second."""

REPLAY_BYTES_ALL_PER_S_MAX: Final = 64 * 2**20
"""Bytes that all histories together read from the log in any second; and all replays, once more."""

PIECE_BYTES: Final = 64 * 1024
"""The past is written in pieces of so many bytes, or of one longer message; between them others have their turn."""

PAGE_BYTES: Final = 2**20
"""What a page of 500 events has at most, but where payloads are uncommonly long."""


class PastTurns:
    """Whoever reads the past waits for a turn: one page at a time, at a pace for all together."""

    def __init__(self, bytes_per_s_max: int = REPLAY_BYTES_ALL_PER_S_MAX) -> None:
        self._pace = Pace(bytes_per_s_max, PAGE_BYTES)
        self._turn = asyncio.Lock()

    async def page(self, read: Callable[[], Awaitable[list[EventText]]]) -> list[EventText]:
        """Read a page when it is its turn."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            if wait_s := self._pace.wait_s(loop.time()):
                await asyncio.sleep(wait_s)
            events = await read()
            self._pace.spend(size_of(events), loop.time())
            return events


class PastWriter:
    """Writes what is past to one client, no faster than it may be."""

    def __init__(self, transport: Transport, bytes_per_s_max: int = REPLAY_BYTES_PER_S_MAX) -> None:
        self._transport = transport
        self._pace = Pace(bytes_per_s_max, PIECE_BYTES)

    async def send(self, events: Sequence[EventText]) -> None:
        """Write the messages of these events; waits while the client does not read.

        Raises:
            ClientGone: the client's connection has ended.
        """
        loop = asyncio.get_running_loop()
        for piece in pieces_of(events):
            await asyncio.sleep(self._pace.wait_s(loop.time()))
            await self._transport.send_events(piece)
            self._pace.spend(size_of(piece), loop.time())


class PageAhead:
    """The one page that a connection has asked for: read when it is its turn, beside all else it does.

    Attributes:
        stage: whose page it is; None when there is none.
    """

    def __init__(self, turns: PastTurns, store: EventStore, came: Callable[[], None]) -> None:
        """`came` is called when the page has come."""
        self._turns = turns
        self._store = store
        self._came = came
        self._asked: ReadQuery | ReadPositions = ReadPositions(())
        self._page: asyncio.Task[list[EventText]] | None = None
        self.stage: Stage | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether a page was asked for and has not come."""
        return self._page is not None and not self._page.done()

    def begin(self, stage: Stage, asked: ReadQuery | ReadPositions) -> None:
        """Ask for the next page of a stage."""
        self.stage, self._asked = stage, asked
        self._page = asyncio.create_task(self._turns.page(self._read))
        self._page.add_done_callback(lambda _page: self._came())

    def take(self) -> tuple[ReadQuery | ReadPositions, list[EventText]]:
        """The page that has come, with what was asked; raises what reading it raised."""
        assert self._page is not None
        page, self._page, self.stage = self._page, None, None
        return self._asked, page.result()

    async def stop(self) -> None:
        """Nobody wants it any more."""
        if self._page is not None:
            self._page.cancel()
            await asyncio.gather(self._page, return_exceptions=True)

    async def _read(self) -> list[EventText]:
        if isinstance(self._asked, ReadPositions):
            return await self._store.texts_at(self._asked.positions, present_text)
        return await self._store.read_texts(self._asked, present_text)


async def where_history_begins(
    store: EventStore, request: Subscribe, wanted: Selection, head: Head
) -> tuple[int, Sequence[int]]:
    """Where the history of a request begins: a cursor, and single positions before it.

    Args:
        store: the log's.
        request: the subscribe.
        wanted: what it adds to what is held.
        head: the end of the log as of now.
    """
    match request.payload.history:
        case HistoryAfter(after=after):
            return after, ()
        case HistorySince(since=since):
            first = await store.first_since(to_micros(since))
            return min(first - 1, head.position), ()
        case HistoryLast(last=last):
            return head.position, await store.last_positions(wanted, last, head.position)
        case "all":
            return 0, ()
        case "none":
            return head.position, ()


def pieces_of(events: Sequence[EventText]) -> Iterator[Sequence[EventText]]:
    """Events in order, in pieces of at most `PIECE_BYTES`, or of one message that is longer."""
    first, size = 0, 0
    for number, event in enumerate(events):
        length = len(event.text)
        if size + length > PIECE_BYTES and number > first:
            yield events[first:number]
            first, size = number, 0
        size += length
    if first < len(events):
        yield events[first:]
