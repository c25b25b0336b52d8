"""A log that is replaced under whoever appends to it: the append is refused, and nothing of it is recorded."""

# covers: events.append_ways, events.sql_append, events.sql_store, events.postgres_append

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from app.migrate import upgrade
from events.envelope import Append, Appended
from events.errors import LogReplaced
from events.hints import Hint
from events.log import EventLog
from events.postgres import PostgresEngines
from events.postgres_append import PostgresAppends
from events.sql_append import SqlAppends
from events.sql_store import SqlEventStore
from tests.postgres import PostgresServer
from tests.unit.events.builders import new, price, prices

EVENTS = 3
# As a restore would, past the triggers that refuse it.
CHANGES = {
    "another epoch": ["UPDATE log_head SET epoch = 'another'"],
    "an older state": ["UPDATE log_head SET position = 2, hash = {zeros}"],
    "another end": ["UPDATE log_head SET hash = {zeros}"],
}
OTHERS_HISTORY = [
    "UPDATE events SET hash = {zeros} WHERE position = 3",
    """
    INSERT INTO events SELECT 4, stream_id, 4, '\\x01', type, schema_version, occurred_at, occurred_max,
        recorded_at, source, correlation_id, causation_id, payload, hash FROM events WHERE position = 3
    """,
    "UPDATE streams SET version = 4, position = 4",
    "UPDATE log_head SET position = 4",
]


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlEventStore]:
    if request.param == "sqlite":
        opened = await SqlEventStore.open_sqlite(tmp_path / "log.db", upgrade)
    else:
        server = request.getfixturevalue("postgres")
        url = await asyncio.to_thread(server.empty_database)
        opened = await SqlEventStore.open_postgres(url, upgrade)
    yield opened
    await opened.close()


async def change(store: SqlEventStore, statements: list[str]) -> None:
    def work(connection: Connection) -> None:
        if is_postgres := connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        zeros = "decode(repeat('00', 32), 'hex')" if is_postgres else "zeroblob(32)"
        for statement in statements:
            connection.exec_driver_sql(statement.replace("{zeros}", zeros))

    await store._engines.write(work)


async def counted(store: SqlEventStore) -> tuple[int, int]:
    """How many events there are, and in how many streams."""
    tables = ("events", "streams")

    def work(connection: Connection) -> tuple[int, int]:
        one, two = (
            int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())
            for name in tables
        )
        return one, two

    return await store._engines.read(work)


def beside(store: SqlEventStore) -> SqlEventStore:
    """Another one that writes the same log."""
    engines = store._engines
    if isinstance(engines, PostgresEngines):
        return SqlEventStore(engines, appends=PostgresAppends(engines))
    return SqlEventStore(engines, appends=SqlAppends(engines))


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("known_from", ["an append", "a look"])
async def test_an_append_to_another_log_is_refused(
    store: SqlEventStore, how: str, known_from: str
) -> None:
    other = beside(store)
    await other.append([Append(prices(EVENTS))])
    if known_from == "an append":
        store = other
    else:
        await store.head()
    await change(store, CHANGES[how])
    before = await counted(store)
    for _ in range(2):
        with pytest.raises(LogReplaced):
            await store.append([Append((new(price()), new(price("NEW"))))])
        # Looking at what is there now makes it no other.
        await store.head()
    assert await counted(store) == before


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
async def test_one_that_has_grown_since_by_other_events_is_refused_in_postgresql(
    store: SqlEventStore,
) -> None:
    await store.append([Append(prices(EVENTS))])
    await change(store, OTHERS_HISTORY)
    with pytest.raises(LogReplaced):
        await store.append([Append((new(price()),))])
    assert await counted(store) == (EVENTS + 1, 1)


async def test_what_another_writer_adds_is_no_other_log(store: SqlEventStore) -> None:
    await store.append([Append(prices(EVENTS))])
    other = beside(store)
    await other.append([Append(prices(2, "IXIC"))])
    await store.append([Append(prices(1, "DAX"))])
    await other.append([Append(prices(1, "FTSE"))])
    assert (await store.head()).position == EVENTS + 4


async def test_what_came_to_be_known_by_a_hint_counts_too(postgres: PostgresServer) -> None:
    url = await asyncio.to_thread(postgres.empty_database)
    here = await SqlEventStore.open_postgres(url, upgrade)
    there = await SqlEventStore.open_postgres(url, upgrade)
    log = await EventLog.open(here)
    outcomes = await there.append([Append(prices(EVENTS))])
    events = [event for one in outcomes if isinstance(one, Appended) for event in one.events]
    log.follower.hear(Hint(log.head.epoch, events))
    assert log.head.position == EVENTS
    # A standby that had none of them takes over.
    await change(
        there,
        [
            "DELETE FROM events",
            "DELETE FROM streams",
            "UPDATE log_head SET position = 0, recorded_at = 0, hash = {zeros}",
        ],
    )
    with pytest.raises(LogReplaced):
        await log.append([new(price("NEXT"))])
    assert (await there.head()).position == 0
    await there.close()
    await log.close()
