"""The schema in PostgreSQL: migrated is declared, and the database itself refuses changes to the log."""

# covers: events.postgres, events.tables, app.migrate

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.migrate import migration_config, upgrade
from events.envelope import Append
from events.errors import StoreUnavailable
from events.postgres import PostgresEngines
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from events.tables import metadata
from tests.postgres import PostgresServer, apart
from tests.unit.events.builders import prices

ROOT = Path(__file__).resolve().parents[2]
REVISIONS = [
    script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()
][::-1]

SCHEMA = (
    """
    SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default
    FROM information_schema.columns
    JOIN information_schema.tables USING (table_catalog, table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
    """,
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    """,
    "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    """
    SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    """,
)


def schema_of(connection: Connection) -> set[tuple[object, ...]]:
    """All that the database knows of the log's tables, Alembic's own aside."""
    found: set[tuple[object, ...]] = set()
    for question in SCHEMA:
        rows = connection.exec_driver_sql(question)
        # White space is how a function's text was written, and says nothing.
        found |= {tuple(" ".join(str(part).split()) for part in row) for row in rows}
    return {row for row in found if not str(row[0]).startswith("alembic")}


def present(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@pytest.fixture
async def bare(postgres: PostgresServer) -> AsyncIterator[PostgresEngines]:
    """A database without anything in it."""
    engines = await PostgresEngines.open(
        postgres.new_database(migrated=False), lambda _connection: None
    )
    yield engines
    await engines.close()


async def up(engines: PostgresEngines, revision: str = "head") -> None:
    await engines.write(lambda c: command.upgrade(migration_config(c), revision))


async def down(engines: PostgresEngines, revision: str = "base") -> None:
    await engines.write(lambda c: command.downgrade(migration_config(c), revision))


async def test_every_migration_goes_up_down_and_up_again(bare: PostgresEngines) -> None:
    for revision in REVISIONS:
        await up(bare, revision)
        before = await bare.read(schema_of)
        await down(bare, "-1")
        assert await bare.read(present) != revision
        await up(bare, revision)
        assert await bare.read(schema_of) == before
    await down(bare)
    assert await bare.read(schema_of) == set()
    await up(bare)
    assert await bare.read(present) == REVISIONS[-1]


async def test_what_is_migrated_is_what_is_declared(
    bare: PostgresEngines, postgres: PostgresServer
) -> None:
    await up(bare)
    url = postgres.new_database(migrated=False)
    declared = await PostgresEngines.open(url, metadata.create_all)
    assert await bare.read(schema_of) == await declared.read(schema_of)
    differences = await bare.read(
        lambda c: compare_metadata(MigrationContext.configure(c), metadata)
    )
    # Alembic does not see that the foreign key is SQLite's alone; the comparison above does.
    assert [each for each in differences if each[0] != "add_fk"] == []
    await declared.close()


async def test_a_migration_that_fails_leaves_nothing_behind(postgres: PostgresServer) -> None:
    def fail(connection: Connection) -> None:
        upgrade(connection)
        raise RuntimeError("planted")

    url = postgres.new_database(migrated=False)
    with pytest.raises(RuntimeError, match="planted"):
        await SqlEventStore.open_postgres(url, fail)
    engines = await PostgresEngines.open(url, lambda _connection: None)
    assert await engines.read(schema_of) == set()
    await engines.close()


async def test_processes_that_open_a_new_log_at_once_make_one(postgres: PostgresServer) -> None:
    url = postgres.new_database(migrated=False)
    opened = await asyncio.gather(*(SqlEventStore.open_postgres(url, upgrade) for _ in range(4)))
    assert len({(await store.head()).epoch for store in opened}) == 1
    for store in opened:
        await store.close()


async def test_another_programs_database_is_left_alone(postgres: PostgresServer) -> None:
    url = postgres.new_database(migrated=False)
    engines = await PostgresEngines.open(
        url, lambda c: c.exec_driver_sql("CREATE TABLE ledger (a int)").close()
    )
    with pytest.raises(StoreUnavailable, match="is no log, it holds ledger"):
        await SqlEventStore.open_postgres(url, upgrade)
    await engines.close()


def test_alembic_runs_from_the_command_line(postgres: PostgresServer) -> None:
    url = postgres.new_database(migrated=False).replace("postgresql:", "postgresql+asyncpg:")
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={**os.environ, "SYNAPSE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = apart(_revision(url))
    assert found == REVISIONS[-1]


async def _revision(url: str) -> str | None:
    engines = await PostgresEngines.open(url, lambda _connection: None)
    try:
        return await engines.read(present)
    finally:
        await engines.close()


# --- what the database refuses ------------------------------------------------------------------


@pytest.fixture
async def log(postgres: PostgresServer) -> AsyncIterator[SqlEventStore]:
    store = await SqlEventStore.open_postgres(postgres.empty_database(), upgrade)
    await store.append([Append(prices(3))])
    yield store
    await store.close()


@pytest.mark.parametrize(
    "planted",
    [
        "UPDATE events SET payload = '{}' WHERE position = 2",
        "UPDATE events SET hash = hash",
        "DELETE FROM events WHERE position = 3",
        "DELETE FROM events",
        "TRUNCATE events",
        "TRUNCATE streams CASCADE",
        "DELETE FROM streams WHERE stream_id = 1",
        "INSERT INTO events SELECT * FROM events ON CONFLICT (position) DO UPDATE SET source = 'x'",
        "MERGE INTO events e USING events f ON e.position = f.position WHEN MATCHED THEN DELETE",
    ],
)
async def test_the_log_refuses_update_delete_and_truncate(log: SqlEventStore, planted: str) -> None:
    before = await log.read(ReadQuery())
    with pytest.raises(Exception, match=r"the log refuses .*: a correction is a new event"):
        await log._engines.write(lambda c: c.exec_driver_sql(planted).close())
    assert await log.read(ReadQuery()) == before


REPEATED = """
INSERT INTO events SELECT {position}, stream_id, {version}, {event_id}, type, schema_version,
occurred_at, occurred_max, recorded_at, source, correlation_id, causation_id, payload, hash
FROM events WHERE position = 1
"""


@pytest.mark.parametrize(
    "taken",
    [
        {"position": "1", "version": "9", "event_id": r"'\x01'"},
        {"position": "9", "version": "1", "event_id": r"'\x01'"},
        {"position": "9", "version": "9", "event_id": "event_id"},
    ],
)
async def test_position_version_and_id_are_taken_once(
    log: SqlEventStore, taken: dict[str, str]
) -> None:
    planted = REPEATED.format(**taken)
    with pytest.raises(IntegrityError, match="duplicate key"):
        await log._engines.write(lambda c: c.exec_driver_sql(planted).close())


@pytest.mark.parametrize(
    "planted", ["CREATE TABLE planted (a int)", "UPDATE log_head SET position = 99"]
)
async def test_a_reader_cannot_write(log: SqlEventStore, planted: str) -> None:
    with pytest.raises(StoreUnavailable, match="read-only transaction"):
        await log._engines.read(lambda c: c.exec_driver_sql(planted).close())
