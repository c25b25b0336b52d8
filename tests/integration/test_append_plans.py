"""What an append looks up, and what a fold begins with, reads the whole log no more than any question does."""

# covers: events.sql_append, events.sql_snapshots

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.migrate import upgrade
from events.envelope import ANY, Append, Idempotency
from events.snapshots import Snapshot, SnapshotKind
from events.sql_store import SqlEventStore
from tests.integration.sql_work import Ask, Log, scans_of, statements
from tests.postgres import name_of
from tests.unit.events.builders import appended, new, price

SIZE = 1_500
SYMBOLS = [f"S{number}" for number in range(24)]
FOLDED = SnapshotKind("planted", "1")


def recorded(number: int) -> Append:
    """The append of one event of the log, as it was made."""
    symbol = SYMBOLS[number % len(SYMBOLS)]
    event = new(price(symbol, second=number), UUID(int=number))
    return Append((event,), {event.stream: ANY}, Idempotency(f"key-{number}", b"f", ""))


async def append_new(log: Log) -> None:
    streams = [f"prices:{symbol}" for symbol in SYMBOLS]
    events = tuple(new(price(symbol)) for symbol in (*SYMBOLS, f"N{uuid4().hex[:8]}"))
    key = Idempotency(uuid4().hex, b"f", "")
    (outcome,) = await log.store.append([Append(events, dict.fromkeys(streams, ANY), key)])
    assert len(appended(outcome).events) == len(events)


async def append_again(log: Log) -> None:
    for some in ([7], range(1, SIZE, 4)):
        outcomes = await log.store.append([recorded(number) for number in some])
        assert [appended(outcome).positions for outcome in outcomes] == [(n,) for n in some]
        without_keys = tuple(event for number in some for event in recorded(number).events)
        (outcome,) = await log.store.append([Append(without_keys)])
        assert appended(outcome).events == ()


async def saved_folds(log: Log) -> None:
    streams = [f"prices:{symbol}" for symbol in SYMBOLS]
    assert await log.store.snapshot_before(FOLDED, SIZE // 2) is not None
    assert await log.store.market_snapshots(FOLDED, streams, None, SIZE) == {}


QUESTIONS: dict[str, Ask] = {
    "append-new": append_new,
    "append-again": append_again,
    "saved-folds": saved_folds,
    "stored-types": lambda log: log.store.stored_types(),
    "known-at": lambda log: log.store.known_at(SIZE // 2),
    "find-nothing": lambda log: log.store.find([uuid4() for _ in range(600)]),
}


@pytest.fixture(params=["sqlite", "postgres"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    """A log with keys and snapshots in it."""
    if request.param == "sqlite":
        store = await SqlEventStore.open_sqlite(tmp_path / "log.db", upgrade)
        await fill(store)
    else:
        server = request.getfixturevalue("postgres")
        url = await asyncio.to_thread(server.new_database)
        store = await SqlEventStore.open_postgres(url, upgrade)
        await fill(store)
        await asyncio.to_thread(server.run, "ANALYZE", database=name_of(url))
    yield Log(store, SIZE, request.param)
    await store.close()


async def fill(store: SqlEventStore) -> None:
    await store.append([recorded(number) for number in range(1, SIZE + 1)])
    await store.save_snapshots(
        [Snapshot(FOLDED, "", place, place, b"state") for place in range(1, SIZE, 10)]
    )


async def test_no_append_and_no_fold_scans_the_log(log: Log) -> None:
    found: dict[str, list[str]] = {}
    for name, ask in QUESTIONS.items():
        with statements() as asked:
            await ask(log)
        # The head's row is locked where it is read, which a reader may not explain: it is one row.
        explained = [(text, values) for text, values in asked if "FOR UPDATE" not in text]
        assert explained, name
        if scans := await scans_of(log, explained):
            found[name] = scans
    assert found == {}
