"""The way through the log: read page by page, and encoded as it is read.

Whatever its length, an export holds one page of events and what its encoder keeps; it reads on when what came
before has been taken. A page is encoded in a thread, so that live viewers go on meanwhile.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

from app.analysis.export import (
    Encoder,
    ExportFormat,
    NdjsonEncoder,
    Provenance,
    encoder_of,
)
from app.exporting.asked import Asked, Counted, Span
from app.queries.selected import read_query
from app.stream.transport import present_text
from events.chain import GENESIS
from events.envelope import Head, RecordedEvent
from events.errors import CorruptLog, PositionBeyondHead
from events.store import EventStore, ReadQuery

EXPORT_PAGE_EVENTS: Final = 1_000
"""Events that an export reads and encodes at a time."""

SYMBOLS_NAMED: Final = 3
"""Symbols in the name of a file; of more only the number is told."""

_NAME_SYMBOL_MAX: Final = 32
_unfit_for_names: Final = re.compile(r"[^A-Za-z0-9.]").sub


@dataclass(frozen=True, slots=True)
class Way:
    """How a format's pages are read, which positions are in one, and what is made of them."""

    read: Callable[[ReadQuery], Awaitable[Any]]
    positions: Callable[[Any], Sequence[int]]
    encoder: Encoder[Any]


@dataclass(frozen=True, slots=True)
class Export:
    """One export.

    Attributes:
        span: which part of the log it goes through.
        counted: what of it there is so far.
    """

    span: Span
    counted: Counted
    query: ReadQuery
    limit: int | None
    way: Way

    async def pages(self) -> AsyncGenerator[Any, None]:
        """What was asked for, a page at a time."""
        query, left = self.query, self.limit
        while left != 0:
            size = EXPORT_PAGE_EVENTS if left is None else min(EXPORT_PAGE_EVENTS, left)
            page = await self.way.read(replace(query, limit=size))
            positions = self.way.positions(page)
            if positions:
                query = replace(query, after=positions[-1])
                is_last = len(positions) < size
                left = None if left is None else left - len(positions)
                self.counted.add(positions)
                del positions
                yield page
                del page  # or it would be held while the next one is read
                if not is_last:
                    continue
            return

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The export; the first chunk comes when the first page has been read, and an empty one now and then."""
        encoder = self.way.encoder
        ready = await asyncio.to_thread(encoder.begin)
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                ready += await asyncio.to_thread(encoder.page, page)
                del page
                yield ready
                ready = b""
        yield ready + await asyncio.to_thread(encoder.end)

    def reached(self) -> int:
        """The position up to which it holds all that matches, once it has ended."""
        counted = self.counted
        if counted.last is not None and counted.events == self.limit:
            return counted.last
        return self.span.upto


async def begin_export(
    store: EventStore, format_: ExportFormat, asked: Asked, *, sees_all: bool = True
) -> Export:
    """Begin an export, up to the head as it is now; no event is read yet.

    Where its reader does not see all channels it tells no hashes of the chain, and no causes: they would tell of
    events that are hidden.

    Raises:
        FormatUnavailable: its format needs packages that are not installed.
        EmptyRange: it ends before it begins.
        InvalidSelection: there is no such channel or type.
        PositionBeyondHead: it begins where nothing has been recorded yet.
        StoreUnavailable: the store cannot be read.
    """
    asked.check()
    head = await store.head()
    if asked.after > head.position:
        raise PositionBeyondHead(asked.after, head.position)
    query = read_query(asked, head.position, EXPORT_PAGE_EVENTS)
    upto = head.position if query.upto is None else query.upto
    span = Span(
        head.epoch,
        head.position,
        head.hash.hex() if sees_all else None,
        asked.after,
        await hash_at(store, head, asked.after) if sees_all else None,
        upto,
        await hash_at(store, head, upto) if sees_all else None,
    )
    # A big library may be imported: not on the event loop.
    to = None if asked.limit else span.upto  # a limit may end it before, which nobody knows yet
    provenance = Provenance(span.epoch, to, asked.chosen(), span.after)
    way = await asyncio.to_thread(_way, store, format_, provenance)
    if format_ is ExportFormat.CLOUDEVENTS and not sees_all:
        way = replace(way, read=lambda query: _without_causes(store, query))
    return Export(span, Counted(), query, asked.limit, way)


async def hash_at(store: EventStore, head: Head, position: int) -> str:
    """The chain's hash at a position up to the head, in hexadecimal digits.

    Raises:
        CorruptLog: there is no event.
    """
    if position == head.position:
        return head.hash.hex()
    if position == 0:
        return GENESIS.hex()
    events = await store.read_at([position])
    if not events:
        raise CorruptLog(
            f"there is no event at position {position}, before the head {head.position}"
        )
    return events[0].hash.hex()


def _way(store: EventStore, format_: ExportFormat, provenance: Provenance) -> Way:
    match format_:
        case ExportFormat.NDJSON:
            return Way(lambda query: store.read_texts(query, present_text), _each, NdjsonEncoder())
        case ExportFormat.CLOUDEVENTS:
            return Way(store.read, _each, encoder_of(format_, provenance))
    return Way(store.read_columns, lambda page: page.positions, encoder_of(format_, provenance))


async def _without_causes(store: EventStore, query: ReadQuery) -> list[RecordedEvent]:
    """A page of events, each of which is a chain of its own."""
    return [
        event._replace(correlation_id=event.event_id, causation_id=None)
        for event in await store.read(query)
    ]


def _each(page: Sequence[Any]) -> Sequence[int]:
    return [event.position for event in page]


def file_name(format_: ExportFormat, asked: Asked, span: Span) -> str:
    """A name that tells the symbols and the range of positions that were asked for."""
    named = [_unfit_for_names("_", symbol[:_NAME_SYMBOL_MAX]) for symbol in asked.symbols or ()]
    if len(named) > SYMBOLS_NAMED:
        named = [f"{len(named)}-symbols"]
    return "-".join(["synapse", *named, str(span.after + 1), f"{span.upto}.{SUFFIXES[format_]}"])


SUFFIXES: Final = {format_: format_.value for format_ in ExportFormat} | {
    ExportFormat.CLOUDEVENTS: "cloudevents.json"
}
"""What the name of a file ends with, after the point."""
