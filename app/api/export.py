"""The log as a download: what was asked for, read page by page and sent as it is encoded.

Whatever its length, an export holds one page of events and what its encoder keeps; it reads on when the
client has taken what came before. A page is encoded in a thread, so that live viewers go on meanwhile.
How many there may be, and how long one waits for its client, see `app.api.downloads`.

An export that fails on its way must not look like a whole one: the connection is cut off before the
body's end has been told (over HTTP/1.1; an older client is told no end of any body).
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Protocol, TypeVar

from app.analysis.export import (
    MEDIA_TYPES,
    Encoder,
    ExportFormat,
    FormatUnavailable,
    NdjsonEncoder,
    Provenance,
    table_encoder,
)
from app.api.downloads import DownloadResponse, Downloads, ExportCut
from app.api.problems import ApiProblem
from app.stream.transport import present_text
from events.envelope import Head
from events.store import PAGE_EVENTS, EventStore, ReadQuery

EXPORT_PAGE_EVENTS: Final = PAGE_EVENTS
"""Events that an export reads and encodes at a time."""

SYMBOLS_NAMED: Final = 3
"""Symbols in the name of a file; of more only the number is told."""

EPOCH_HEADER: Final = "X-Synapse-Epoch"
HEAD_HEADER: Final = "X-Synapse-Head"

_NAME_SYMBOL_MAX: Final = 32
_unfit_for_names: Final = re.compile(r"[^A-Za-z0-9.]").sub


class Positioned(Protocol):
    """Something of the log that has a place in it."""

    @property
    def position(self) -> int:
        """Its place."""


Item = TypeVar("Item", bound=Positioned)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported.

    Attributes:
        query: which events, up to the head as it was; its `limit` says nothing here.
        head: the end of the log as it was.
        limit: at most so many events; None for all.
        selection: what was asked for, by the names of the query.
    """

    query: ReadQuery
    head: Head
    limit: int | None
    selection: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export(Generic[Item]):
    """One way through the log: how it is read, and what is made of it."""

    wanted: Wanted
    read: Callable[[ReadQuery], Awaitable[list[Item]]]
    encoder: Encoder[Item]

    async def pages(self) -> AsyncGenerator[list[Item], None]:
        """What was asked for, a page at a time."""
        query, left = self.wanted.query, self.wanted.limit
        while left != 0:
            size = EXPORT_PAGE_EVENTS if left is None else min(EXPORT_PAGE_EVENTS, left)
            page = await self.read(replace(query, limit=size))
            if page:
                query = replace(query, after=page[-1].position)
                is_last = len(page) < size
                left = None if left is None else left - len(page)
                yield page
                del page  # or it would be held while the next one is read
                if not is_last:
                    continue
            return

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The export; the first chunk comes when the first page has been read."""
        ready = await asyncio.to_thread(self.encoder.begin)
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                ready += await asyncio.to_thread(self.encoder.page, page)
                del page
                yield ready
                ready = b""
        yield ready + await asyncio.to_thread(self.encoder.end)


async def export_response(
    store: EventStore, format_: ExportFormat, wanted: Wanted, downloads: Downloads
) -> DownloadResponse:
    """Begin an export. The first page is read before anything is sent, so that a fault is a problem.

    Raises:
        ApiProblem: 501, its format needs packages that are not installed; 503, too many are under way.
        StoreUnavailable: the store cannot be read.
    """
    downloads.begin()
    try:
        chunks = (await _export(store, format_, wanted)).chunks()
        first = await anext(chunks)
    except BaseException:
        downloads.end()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name(format_, wanted)}"',
        EPOCH_HEADER: str(wanted.head.epoch),
        HEAD_HEADER: str(wanted.head.position),
    }
    return DownloadResponse(_body(first, chunks), headers, MEDIA_TYPES[format_], downloads.end)


async def _export(store: EventStore, format_: ExportFormat, wanted: Wanted) -> Export[Any]:
    if format_ is ExportFormat.NDJSON:
        return Export(wanted, lambda query: store.read_texts(query, present_text), NdjsonEncoder())
    provenance = Provenance(str(wanted.head.epoch), wanted.head.position, wanted.selection)
    try:  # a big library may be imported: not on the event loop
        encoder = await asyncio.to_thread(table_encoder, format_, provenance)
    except FormatUnavailable as error:
        raise ApiProblem(501, "format_unavailable", str(error)) from error
    return Export(wanted, store.read, encoder)


async def _body(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        try:
            async for chunk in rest:
                if chunk:
                    yield chunk
        except Exception as error:
            # As itself, the error would be turned into an answer, and this one has begun already.
            raise ExportCut(f"an export was cut off: {error!r}") from error


def file_name(format_: ExportFormat, wanted: Wanted) -> str:
    """A name that tells the symbols and the range of positions that were asked for."""
    symbols = wanted.selection.get("symbols") or []
    named = [_unfit_for_names("_", symbol[:_NAME_SYMBOL_MAX]) for symbol in symbols]
    if len(named) > SYMBOLS_NAMED:
        named = [f"{len(named)}-symbols"]
    first, last = wanted.query.after + 1, wanted.query.upto or 0
    return "-".join(["synapse", *named, str(first), f"{last}.{format_.value}"])
