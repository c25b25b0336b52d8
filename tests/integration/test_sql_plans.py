"""No question reads the whole log: every statement of every read is explained, and its work is counted."""

# covers: events.sql_read, events.sql_search, events.sql_merge, events.sql_keys, events.sql_market
# covers: events.sql_market_search, events.sql_rows

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.migrate import upgrade
from events.catalog import Channel
from events.envelope import Append
from events.scalars import to_micros
from events.selection import Selection
from events.snapshots import MarketQuery
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.integration.sql_work import Ask, Log, scans_of, statements, work_of
from tests.postgres import PostgresServer, apart, name_of
from tests.unit.events.builders import at, new, notice, price, regime

SMALL, LARGE = 1_500, 6_000
"""Events in two logs of one kind."""

GROWTH_MAX = 1.6
"""How much more work a question may be in the large log: binary search takes two steps more."""

ROWS_MAX = 3_000
"""Rows that PostgreSQL may look at for one question."""

SYMBOLS = [f"S{number}" for number in range(24)]
ALL = Selection.of(list(Channel))
ONE = Selection.of([Channel.PRICES], ["S3"])
RARE = Selection.of([Channel.SYSTEM])
MANY = Selection.of([Channel.PRICES, Channel.REGIME], SYMBOLS[:20])
LIMIT = 20


def time_of(share: float, size: int) -> int:
    """The market time at some share of the log."""
    return to_micros(at(int(share * size)))


def page(**query: Any) -> Ask:
    """A page; values that depend on the log's size are given as functions of it."""

    async def ask(log: Log) -> Any:
        known = {name: each(log.size) if callable(each) else each for name, each in query.items()}
        return await log.store.read(ReadQuery(limit=LIMIT, **known))

    return ask


def middle(size: int) -> int:
    return size // 2


def shares(share: float) -> Callable[[int], int]:
    return lambda size: time_of(share, size)


BOUNDS: dict[str, dict[str, Any]] = {
    "all": {},
    "after": {"after": middle},
    "upto": {"upto": middle},
    "since": {"occurred_from_us": shares(0.7)},
    "until": {"occurred_upto_us": shares(0.3)},
    "between": {"occurred_from_us": shares(0.4), "occurred_upto_us": shares(0.41)},
    "late": {"after": middle, "occurred_upto_us": shares(0.1)},
    "known": {"recorded_upto_us": middle},
    "known-since": {"recorded_upto_us": middle, "occurred_from_us": shares(0.2)},
}
CHOICES: dict[str, dict[str, Any]] = {
    "everything": {},
    "one-stream": {"selection": ONE},
    "rare-stream": {"selection": RARE},
    "many-streams": {"selection": MANY},
    "channel": {"selection": Selection.of([Channel.REGIME])},
    "type": {"types": frozenset({"regime_update"})},
    "rare-type": {"types": frozenset({"system_notice"})},
}
QUESTIONS: dict[str, Ask] = {
    f"{choice}-{bound}-{'down' if down else 'up'}": page(**chosen, **bounds, descending=down)
    for choice, chosen in CHOICES.items()
    for bound, bounds in BOUNDS.items()
    for down in (False, True)
} | {
    "head": lambda log: log.store.head(),
    "streams": lambda log: log.store.streams(),
    "read-at": lambda log: log.store.read_at(range(1, log.size, log.size // LIMIT)),
    "last": lambda log: log.store.last_positions(ALL, 3, log.size),
    "last-then": lambda log: log.store.last_positions(ALL, 3, log.size // 2),
    "first-since": lambda log: log.store.first_since(time_of(0.6, log.size)),
    "newest-at": lambda log: log.store.newest_at("prices:S3", to_micros(at(3 + 48 * 20))),
    "newest-late": lambda log: log.store.newest_at("prices:S3", time_of(0.01, log.size)),
    "find": lambda log: log.store.find([UUID(int=n) for n in range(1, log.size, 100)][:LIMIT]),
    "market-order": lambda log: log.store.read_market(
        MarketQuery(
            {f"prices:{symbol}": (time_of(0.4, log.size), 0) for symbol in SYMBOLS},
            time_of(0.8, log.size),
            log.size,
            LIMIT,
        )
    ),
}


def payload_at(number: int, size: int) -> Any:
    symbol = SYMBOLS[number % len(SYMBOLS)]
    if number in {10, size - 10}:
        return notice("rare", number)
    if number % 97 == 0:
        return price(symbol, "100", number // 50)  # late
    return (regime if number // len(SYMBOLS) % 2 else price)(symbol, second=number)


async def fill(store: SqlEventStore, size: int) -> None:
    numbers = iter(range(1, size + 1))
    while chunk := list(islice(numbers, 250)):
        # The clock of the store counts the appends: each event has a commit time of its own.
        events = [new(payload_at(number, size), UUID(int=number)) for number in chunk]
        await store.append([Append((one,)) for one in events])
        store._clock.now_us = chunk[-1]  # type: ignore[attr-defined]  # the planted one
    await store.close()


class Clock:
    now_us = 0

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("plans")

    async def make(path: Path, size: int) -> None:
        await fill(await SqlEventStore.open_sqlite(path, upgrade, Clock()), size)

    found = {size: folder / f"{size}.db" for size in (SMALL, LARGE)}
    for size, path in found.items():
        apart(make(path, size))
    return found


@pytest.fixture(scope="module")
def urls(postgres: PostgresServer) -> dict[int, str]:
    async def make(url: str, size: int) -> None:
        await fill(await SqlEventStore.open_postgres(url, upgrade, Clock()), size)

    found = {size: postgres.new_database() for size in (SMALL, LARGE)}
    for size, url in found.items():
        apart(make(url, size))
        postgres.run("ANALYZE", database=name_of(url))
    return found


@pytest.fixture(params=["sqlite", "postgres"])
async def logs(request: pytest.FixtureRequest) -> AsyncIterator[list[Log]]:
    """The small log and the large one."""
    opened = []
    if request.param == "sqlite":
        for size, path in request.getfixturevalue("files").items():
            opened.append(Log(SqlEventStore.read_sqlite(path), size, "sqlite"))
    else:
        for size, url in request.getfixturevalue("urls").items():
            opened.append(Log(await SqlEventStore.open_postgres(url, upgrade), size, "postgres"))
    yield opened
    for log in opened:
        await log.store.close()


# --- no question reads the whole log --------------------------------------------------------------


async def test_no_question_scans_the_log(logs: list[Log]) -> None:
    for log in logs:
        for name, ask in QUESTIONS.items():
            with statements() as asked:
                await ask(log)
            assert asked, name
            assert await scans_of(log, asked) == [], name


async def test_a_longer_log_makes_no_question_dearer(logs: list[Log]) -> None:
    dearer = {}
    for name, ask in QUESTIONS.items():
        small, large = [await work_of(log, ask) for log in logs]
        if large > GROWTH_MAX * small + 100 or (log_is_postgres(logs) and large > ROWS_MAX):
            dearer[name] = (small, large)
    assert dearer == {}


def log_is_postgres(logs: list[Log]) -> bool:
    return logs[0].engine == "postgres"


async def test_history_that_came_in_after_the_present_is_read_once_and_not_for_every_page(
    request: pytest.FixtureRequest, logs: list[Log], tmp_path: Path
) -> None:
    works = []
    for size in (500, 2_000):
        log = await a_log(request, logs[0].engine, tmp_path, size)
        # All but the first event are late: it is as if none of them was where its time says.
        await log.store.append([Append((new(price(second=size + 1)),))])
        events = tuple(new(price(second=number)) for number in range(size))
        for start in range(0, size, 250):
            await log.store.append([Append(events[start : start + 250])])
        works.append(await work_of(log, read_all_until(to_micros(at(size)))))
        await log.store.close()
    assert works[1] < 4 * 1.6 * works[0]


def read_all_until(time_us: int) -> Ask:
    async def ask(log: Log) -> None:
        query, count = ReadQuery(selection=ALL, occurred_upto_us=time_us, limit=50), 0
        while page := await log.store.read(query):
            query, count = replace(query, after=page[-1].position), count + len(page)
        assert count == log.size

    return ask


async def a_log(request: pytest.FixtureRequest, engine: str, folder: Path, size: int) -> Log:
    if engine == "postgres":
        url = await asyncio.to_thread(request.getfixturevalue("postgres").empty_database)
        return Log(await SqlEventStore.open_postgres(url, upgrade), size, engine)
    path = folder / f"{size}.db"
    await (await SqlEventStore.open_sqlite(path, upgrade)).close()
    return Log(await SqlEventStore.open_sqlite(path, upgrade), size, engine)


# --- the check itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "planted",
    [
        "SELECT count(*) FROM events AS e WHERE e.payload <> ''",
        "SELECT e.position FROM events AS e WHERE e.occurred_at > 5",
        "SELECT max(e.version) FROM events AS e WHERE e.version > 7",
    ],
)
async def test_a_planted_scan_is_found(logs: list[Log], planted: str) -> None:
    assert await scans_of(logs[0], [(planted, ())])


async def test_planted_work_that_grows_is_counted(logs: list[Log]) -> None:
    statement = "SELECT e.position FROM events AS e WHERE e.position > 0 AND e.payload = ''"

    async def ask(log: Log) -> None:
        await log.store._engines.read(lambda c: c.exec_driver_sql(statement).all())

    small, large = [await work_of(log, ask) for log in logs]
    assert large > 3 * small > SMALL / 2
