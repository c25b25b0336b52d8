"""What the writer remembers of the streams' ends: only ever what is committed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.migrate import upgrade
from events import sql_append, sql_ends
from events.chain import GENESIS, check_chain
from events.envelope import NO_STREAM, Append
from events.errors import EventError, StoreUnavailable, VersionConflict
from events.sql_append import SqlAppends
from events.sql_ends import StreamEnd, StreamEnds
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.unit.events.builders import EMPTY_HEAD, appended, new, price, prices, regime


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlEventStore]:
    opened = await SqlEventStore.open_sqlite(tmp_path / "log.db", upgrade)
    yield opened
    await opened.close()


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the streams that were read from the database, one list an append."""
    asked: list[list[str]] = []
    ask = sql_ends._BY_NAME.rows

    def rows(driver: Any, names: list[str]) -> Any:
        asked.append(sorted(names))
        return ask(driver, names)

    monkeypatch.setattr(sql_ends._BY_NAME, "rows", rows)
    return asked


def appends_of(store: SqlEventStore) -> SqlAppends:
    assert isinstance(store._appends, SqlAppends)
    return store._appends


async def versions(store: SqlEventStore) -> dict[str, int]:
    return {name: end.version for name, end in (await store.streams()).items()}


async def test_a_stream_is_looked_up_once(store: SqlEventStore, looked_up: list[list[str]]) -> None:
    for number in range(3):
        await store.append([Append((new(price()), new(regime("NDX"))), {"prices:SPX": number})])
    await store.append([Append((new(price("DAX")),))])
    assert looked_up == [["prices:SPX", "regime:NDX"], [], [], ["prices:DAX"]]
    assert await versions(store) == {"prices:SPX": 3, "regime:NDX": 3, "prices:DAX": 1}


async def test_a_refused_append_leaves_nothing_of_its_own(store: SqlEventStore) -> None:
    await store.append([Append(prices(2))])
    refused = [Append((new(price()), new(price("NDX"))), {"prices:SPX": 7})]
    assert isinstance((await store.append(refused))[0], VersionConflict)
    (outcome,) = await store.append([Append((new(price("NDX")),), {"prices:NDX": NO_STREAM})])
    assert appended(outcome).events[0].version == 1


async def test_a_transaction_that_failed_leaves_nothing(
    store: SqlEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.append([Append(prices(2))])

    def fail(*_: object) -> None:
        raise StoreUnavailable("planted")

    with monkeypatch.context() as patch:
        patch.setattr(appends_of(store).answers, "write", fail)
        with pytest.raises(EventError, match="planted"):
            await store.append([Append((new(price()), new(price("NDX"))))])
    assert await versions(store) == {"prices:SPX": 2}
    await store.append([Append((new(price()), new(price("NDX"))))])
    assert await versions(store) == {"prices:SPX": 3, "prices:NDX": 1}
    events = await store.read(ReadQuery())
    assert check_chain(GENESIS, 0, events)[1] == 4


async def test_a_commit_that_failed_leaves_nothing(store: SqlEventStore) -> None:
    await store.append([Append(prices(2))])

    def undone(connection: Any) -> None:
        group = [Append((new(price()), new(price("NDX"))))]
        own = appends_of(store)
        sql_append.append_group(connection, store._names, own.ends, own.answers, group, 1)
        raise StoreUnavailable("planted: the commit")

    with pytest.raises(StoreUnavailable, match="planted"):
        await store._engines.write(undone)
    await store.append([Append((new(price()), new(price("NDX"))))])
    assert await versions(store) == {"prices:SPX": 3, "prices:NDX": 1}


async def test_what_another_writer_did_is_seen(
    store: SqlEventStore, looked_up: list[list[str]]
) -> None:
    await store.append([Append(prices(2))])
    other = SqlEventStore(store._engines, appends=SqlAppends(store._engines))
    await other.append([Append((new(price()), new(price("NDX"))))])
    (outcome,) = await store.append([Append((new(price("NDX")),), {"prices:NDX": 1})])
    assert appended(outcome).events[0].version == 2
    assert looked_up[-1] == ["prices:NDX"]
    await store.append([Append(prices(1))])
    assert looked_up[-1] == ["prices:SPX"]
    assert await versions(store) == {"prices:SPX": 4, "prices:NDX": 2}


async def test_the_greatest_market_time_survives_being_remembered(store: SqlEventStore) -> None:
    for second in (5, 1, 9, 3):
        await store.append([Append((new(price(second=second)),))])
    reads = [ReadQuery(occurred_from_us=e.occurred_at_us) for e in await store.read(ReadQuery())]
    found = [[event.position for event in await store.read(query)] for query in reads]
    assert found == [[1, 3], [1, 2, 3, 4], [3], [1, 3, 4]]


def test_too_many_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_ends, "ENDS_KEPT", 2)
    monkeypatch.setattr(sql_ends._BY_NAME, "rows", lambda _driver, _names: iter(()))
    ends, driver = StreamEnds(), None
    held = {name: StreamEnd(number) for number, name in enumerate("ab")}
    ends.keep(EMPTY_HEAD, held)
    assert ends.take(driver, EMPTY_HEAD, []) is held  # type: ignore[arg-type]
    ends.keep(EMPTY_HEAD, held | {"c": StreamEnd(3)})
    assert ends.take(driver, EMPTY_HEAD, []) == {}  # type: ignore[arg-type]


def test_what_was_taken_and_not_given_back_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_ends._BY_NAME, "rows", lambda _driver, _names: iter(()))
    ends = StreamEnds()
    ends.keep(EMPTY_HEAD, {"a": StreamEnd(1)})
    assert ends.take(None, EMPTY_HEAD, []) == {"a": StreamEnd(1)}  # type: ignore[arg-type]
    assert ends.take(None, EMPTY_HEAD, []) == {}  # type: ignore[arg-type]
