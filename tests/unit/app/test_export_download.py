"""A download of the log: bounded however long it is, ended when its client goes, never half and well-formed."""

import asyncio
import tracemalloc
from typing import Any, cast
from weakref import WeakSet

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from starlette.types import Message, Scope

from app.analysis import export_arrow, export_parquet
from app.analysis.export import ExportFormat, Provenance
from app.api.downloads import EXPORTS_MAX, Downloads, ExportCut
from app.api.export import export_response
from app.exporting import engine
from app.exporting.asked import Asked, Span
from app.exporting.engine import EXPORT_PAGE_EVENTS, Export, begin_export, file_name
from events.envelope import Append, EventColumns, Head, RecordedEvent, event_columns
from events.errors import StoreUnavailable
from events.memory_store import MemoryEventStore
from events.messages import EventText, TextOf, text_with
from events.store import EventStore, ReadQuery
from tests.unit.analysis.samples import one_of_each
from tests.unit.events.builders import prices

PATIENCE_S = 20.0
HELD_MAX = 5
"""The page that is being read, and those that a thread which encoded one may not have let go of yet."""

ALL_FORMATS = pytest.mark.parametrize("format_", list(ExportFormat))


class Page(list[Any]):
    """A page that can be asked whether somebody still holds it."""


class MadeStore:
    """A log of any length that is made while it is read.

    Attributes:
        reads: pages so far.
        held_most: pages that somebody held at once, at most.
    """

    def __init__(self, events: int, fails_at: int | None = None) -> None:
        """`fails_at`: the page that cannot be read, from 1."""
        self._events = events
        self._fails_at = fails_at
        self._samples = one_of_each()
        self._held: WeakSet[Page] = WeakSet()
        self.reads = 0
        self.held_most = 0

    async def head(self) -> Head:
        return Head("e", self._events, bytes(32), 0)

    async def read_at(self, positions: list[int]) -> list[RecordedEvent]:
        return [self._event(position) for position in positions]

    async def read(self, query: ReadQuery) -> list[RecordedEvent]:
        page = self._page(query)
        self.held_most = max(self.held_most, len(self._held))
        return page

    async def read_columns(self, query: ReadQuery) -> EventColumns:
        columns = event_columns(self._page(query))
        payloads = Page(columns.payloads)  # a tuple cannot be asked: this goes with it
        self._held.add(payloads)
        self.held_most = max(self.held_most, len(self._held))
        return columns._replace(payloads=payloads)

    async def read_texts(self, query: ReadQuery, text_of: TextOf) -> list[EventText]:
        page = self._page(query)
        page[:] = [text_with(event, text_of) for event in page]
        self.held_most = max(self.held_most, len(self._held))
        return page

    def _page(self, query: ReadQuery) -> Page:
        self.reads += 1
        if self.reads == self._fails_at:
            raise StoreUnavailable("the disk is gone")
        last = min(self._events, query.after + query.limit, query.upto or self._events)
        page = Page(self._event(number) for number in range(query.after + 1, last + 1))
        self._held.add(page)
        return page

    def _event(self, position: int) -> RecordedEvent:
        return self._samples[position % len(self._samples)]._replace(position=position)


# A list compares by its content and has no hash; a page is itself.
Page.__hash__ = object.__hash__  # type: ignore[assignment]


class Client:
    """One that takes every chunk, and may go after some of them."""

    def __init__(self, store: MadeStore, goes_after: int | None = None) -> None:
        self._store = store
        self._goes_after = goes_after
        self._gone = asyncio.Event()
        self.chunks = 0
        self.bytes = 0
        self.is_whole = False
        self.read_ahead = 0

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] != "http.response.body":
            return
        self.chunks += 1
        self.bytes += len(message["body"])
        self.is_whole = not message["more_body"]
        self.read_ahead = max(self.read_ahead, self._store.reads - self.chunks)
        if self.chunks == self._goes_after:
            self._gone.set()
            await asyncio.Event().wait()  # it takes no more

    async def take(self, format_: ExportFormat, what: Asked) -> None:
        store = cast(EventStore, self._store)
        response = await export_response(store, format_, what, lambda: None, sees_all=True)
        scope: Scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
        async with asyncio.timeout(PATIENCE_S):
            await response(scope, self.receive, self.send)


@ALL_FORMATS
async def test_however_long_it_is_few_pages_are_held(format_: ExportFormat) -> None:
    store = MadeStore(20 * EXPORT_PAGE_EVENTS)
    client = Client(store)
    await client.take(format_, Asked())
    assert client.is_whole
    assert store.reads == 21
    assert store.held_most <= HELD_MAX


@pytest.mark.parametrize(
    "format_", [ExportFormat.NDJSON, ExportFormat.CSV, ExportFormat.CLOUDEVENTS]
)
async def test_memory_does_not_grow_with_the_log(format_: ExportFormat) -> None:
    store = MadeStore(40 * EXPORT_PAGE_EVENTS)
    client = Client(store)
    await Client(MadeStore(1)).take(format_, Asked())  # what is imported and cached once
    tracemalloc.start()
    try:
        await client.take(format_, Asked())
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < client.bytes / 3
    assert client.read_ahead <= 1


@pytest.mark.parametrize(
    ("module", "limit"), [(export_parquet, "ROW_GROUP_BYTES"), (export_arrow, "BATCH_BYTES")]
)
async def test_a_table_keeps_no_more_than_what_it_writes_at_once(
    module: Any, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, limit, 2**19)
    store = MadeStore(30 * EXPORT_PAGE_EVENTS)
    before, most, rows_bytes = pa.total_allocated_bytes(), 0, 0
    made = module.encoder(Provenance("e", 0, {}))
    for number in range(30):
        page = await store.read_columns(ReadQuery(after=number * EXPORT_PAGE_EVENTS))
        gathered = export_arrow.Gathered()
        gathered.add(page)
        rows_bytes += gathered.take().nbytes
        del gathered
        made.page(page)
        most = max(most, pa.total_allocated_bytes() - before)
    assert made.end()
    assert most < rows_bytes / 3


@ALL_FORMATS
async def test_a_client_that_goes_away_ends_the_reading(format_: ExportFormat) -> None:
    store = MadeStore(10**9)
    client = Client(store, goes_after=3)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(export_parquet, "ROW_GROUP_ROWS", 1)
        patched.setattr(export_arrow, "BATCH_ROWS", 1)
        await client.take(format_, Asked())
    assert not client.is_whole
    assert client.chunks == 3
    assert store.reads <= 4


@ALL_FORMATS
async def test_a_fault_on_the_way_is_no_end(format_: ExportFormat) -> None:
    client = Client(MadeStore(10**9, fails_at=3))
    with pytest.raises(ExportCut, match="the disk is gone"):
        await client.take(format_, Asked())
    assert not client.is_whole


@ALL_FORMATS
async def test_a_fault_at_the_first_page_is_an_answer(format_: ExportFormat) -> None:
    under_way = Downloads()
    for _ in range(EXPORTS_MAX + 1):  # none of them keeps its place
        store = cast(EventStore, MadeStore(10**9, fails_at=1))
        ended = under_way.begin("192.0.2.1")
        with pytest.raises(StoreUnavailable):
            await export_response(store, format_, Asked(), ended, sees_all=True)


@pytest.mark.parametrize(
    ("limit", "sizes"), [(1, [1]), (4, [2, 2]), (5, [2, 2, 1]), (9, [2, 2, 2]), (None, [2, 2, 2])]
)
async def test_a_limit_counts_over_all_pages(
    limit: int | None, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "EXPORT_PAGE_EVENTS", 2)
    found = await begun(MadeStore(6), Asked(limit=limit))
    pages = [page async for page in found.pages()]
    assert [len(page) for page in pages] == sizes
    assert [event.position for page in pages for event in page] == list(range(1, sum(sizes) + 1))
    assert (found.counted.events, found.counted.first) == (sum(sizes), 1)
    assert found.reached() == found.counted.last == sum(sizes)


async def test_it_covers_what_matches_nothing_too() -> None:
    """Up to the head, unless a limit ended it before: there it goes on next."""
    made = MadeStore(6)
    nothing = await begun(made, Asked(after=6))
    assert [page async for page in nothing.pages()] == []
    assert (nothing.reached(), nothing.counted.last) == (6, None)
    part = await begun(made, Asked(after=2, before=5, limit=9))
    assert [len(page) async for page in part.pages()] == [2]
    assert (part.reached(), part.span.upto, part.span.head) == (4, 4, 6)


async def begun(store: MadeStore, asked: Asked) -> Export:
    return await begin_export(cast(EventStore, store), ExportFormat.CLOUDEVENTS, asked)


async def test_it_ends_where_the_log_ended_when_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "EXPORT_PAGE_EVENTS", 2)
    store = MemoryEventStore()
    await store.append([Append(prices(5))])
    head = await store.head()
    response = await export_response(
        store, ExportFormat.NDJSON, Asked(), lambda: None, sees_all=True
    )
    await store.append([Append(prices(5, first=5))])
    text = b"".join([cast(bytes, chunk) async for chunk in response.body_iterator])
    assert [orjson.loads(line)["position"] for line in text.splitlines()] == [1, 2, 3, 4, 5]
    assert response.headers["x-synapse-head"] == "5"
    assert response.headers["x-synapse-epoch"] == head.epoch


@pytest.mark.parametrize(
    ("symbols", "name"),
    [
        (None, "synapse-8-17.csv"),
        (["SPX"], "synapse-SPX-8-17.csv"),
        (["SPX", "^NDX", "BTC/USDT"], "synapse-SPX-_NDX-BTC_USDT-8-17.csv"),
        (["A", "B", "C", "D"], "synapse-4-symbols-8-17.csv"),
        (['../"\r\nX: y'], "synapse-..____X__y-8-17.csv"),
        (["A" * 99], f"synapse-{'A' * 32}-8-17.csv"),
    ],
)
def test_the_files_name_tells_what_was_asked_for(symbols: list[str] | None, name: str) -> None:
    span = Span("e", 20, "", 7, "", 17, "")
    assert file_name(ExportFormat.CSV, Asked(after=7, symbols=symbols), span) == name
