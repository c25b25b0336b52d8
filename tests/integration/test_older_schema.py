"""A log that an older program wrote, without the tables that came later: proven, copied, opened and kept."""

# covers: app.migrate, app.log_schema, events.verify, events.sql_leases

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, text

from app.backup import back_up, restore
from app.doctor import WARNING, examine
from app.migrate import NEWEST, migration_config, upgrade
from events.envelope import Append
from events.postgres import PostgresEngines
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from events.verify import verify_rows
from tests.postgres import PostgresServer
from tests.unit.events.builders import appended, prices
from tests.unit.events.damage import EVENTS, fill, make_log, verified
from tests.unit.events.sqlite_logs import store_at

OLDER = "0001"
KEPT = ("events", "streams", "log_head", "event_types", "snapshots", "idempotency_keys")


def go_back(connection: Connection) -> None:
    """Take from a log what the older program did not know."""
    command.downgrade(migration_config(connection), OLDER)


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "older.db"
    make_log(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        go_back(connection)
    engine.dispose()
    return path


def rows(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in KEPT}


def revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


async def test_it_is_proven_as_it_is(older: Path) -> None:
    report = await asyncio.to_thread(verified, older)
    assert (report.findings, report.events) == ((), EVENTS)
    assert revision(older) == OLDER


async def test_the_doctor_says_that_it_will_be_migrated(older: Path) -> None:
    schema = {check.name: check for check in await examine(older)}["schema"]
    assert schema.state == WARNING
    assert f"revision {OLDER}: the next serve migrates it to {NEWEST}" in schema.text


async def test_it_is_backed_up_and_restored_as_it_is(older: Path, tmp_path: Path) -> None:
    copied = await back_up(older, tmp_path / "b.db", force=False)
    assert copied.report.ok
    assert rows(tmp_path / "b.db") == rows(older)
    assert (await restore(tmp_path / "b.db", tmp_path / "r.db", force=False)).report.ok
    assert rows(tmp_path / "r.db")["events"] == rows(older)["events"]
    assert revision(tmp_path / "r.db") == OLDER


async def test_opened_for_writing_it_is_migrated_and_keeps_every_row(older: Path) -> None:
    before = rows(older)
    async with store_at(older) as store:
        assert len(await store.read(ReadQuery())) == EVENTS
        assert await store.leases() == []
        assert rows(older) == before
        lease = await store.acquire_lease("feed:x", "a", 10)
        assert lease is not None
        (outcome,) = await store.append([Append(prices(1, "NEW"), fence=lease.key)])
        assert appended(outcome).positions == (EVENTS + 1,)
    assert revision(older) == NEWEST
    report = await asyncio.to_thread(verified, older)
    assert (report.findings, report.events) == ((), EVENTS + 1)


async def test_a_lease_goes_into_backup_and_restore(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    async with store_at(log) as store:
        await fill(store)
        lease = await store.acquire_lease("feed:x", "a", 10)
        assert (await back_up(log, tmp_path / "b.db", force=False)).report.ok
    assert (await restore(tmp_path / "b.db", tmp_path / "r.db", force=False)).report.ok
    with closing(sqlite3.connect(tmp_path / "r.db")) as connection:
        held = connection.execute("SELECT name, holder, fence FROM leases").fetchall()
    assert lease is not None
    assert held == [(lease.name, lease.holder, lease.fence)]


async def test_whoever_opens_a_file_for_writing_frees_the_leases_of_the_dead(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.db"
    async with store_at(path) as store:
        old = await store.acquire_lease("feed:x", "killed", 3_600)
    assert old is not None
    async with store_at(path) as store:
        assert await store.leases() == []
        assert await store.renew_lease(old, 10) is None
        new = await store.acquire_lease("feed:x", "started", 10)
        assert new is not None
        assert new.fence == old.fence + 1
    assert (await asyncio.to_thread(verified, path)).ok


async def test_postgres_migrates_it_and_keeps_every_row(postgres: PostgresServer) -> None:
    url = await asyncio.to_thread(postgres.new_database)
    store = await SqlEventStore.open_postgres(url, upgrade)
    await fill(store)
    before = await store.read(ReadQuery())
    await store.close()
    engines = await PostgresEngines.open(url, lambda _connection: None)
    await engines.write(go_back)
    assert (await verify_rows(engines)).findings == ()
    store = await SqlEventStore.open_postgres(url, upgrade)
    assert await store.read(ReadQuery()) == before
    lease = await store.acquire_lease("feed:x", "a", 10)
    assert await store.leases() == [lease]
    assert (await verify_rows(engines)).findings == ()
    # A server frees nobody's leases when one of its clients begins: the others live.
    beside = await SqlEventStore.open_postgres(url, upgrade)
    assert await beside.leases() == [lease]
    await engines.write(lambda c: c.execute(text("UPDATE leases SET fence = 7")).close())
    (finding,) = (await verify_rows(engines)).findings
    assert finding.text == "lease 'feed:x' was altered"
    for each in (beside, store, engines):
        await each.close()
