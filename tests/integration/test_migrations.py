"""Every migration walked up, down and up; what they build is what `events.tables` declares."""

# covers: app.migrate, events.tables

import sqlite3
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine

from app.migrate import NEWEST, migration_config, upgrade
from events.envelope import Append, RecordedEvent
from events.errors import StoreUnavailable
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from events.tables import metadata
from tests.unit.events.builders import prices

REVISIONS = [
    script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()
][::-1]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'log.db'}")
    yield made
    made.dispose()


def move(engine: Engine, work: Callable[[Connection], None]) -> None:
    with engine.begin() as connection:
        work(connection)


def up(engine: Engine, revision: str = "head") -> None:
    move(engine, lambda connection: command.upgrade(migration_config(connection), revision))


def down(engine: Engine, revision: str = "base") -> None:
    move(engine, lambda connection: command.downgrade(migration_config(connection), revision))


def present(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def schema(engine: Engine) -> dict[str, str]:
    """Everything that the database knows by name, its definition without its white space."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            " AND name NOT LIKE 'alembic%' AND type IN ('trigger', 'index')"
        ).all()
    return {f"{row[0]} {row[1]}": " ".join(row[2].split()) for row in rows}


def tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {row[0] for row in rows} - {"alembic_version"}


def columns(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Each table's columns as SQLite sees them: name, type, not null, default, place in the key."""
    with engine.connect() as connection:
        return {
            name: [
                tuple(row[1:]) for row in connection.exec_driver_sql(f"PRAGMA table_info({name})")
            ]
            for name in sorted(tables(engine))
        }


def keys(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Each table's foreign keys and indexes, those without a name of their own included."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with engine.connect() as connection:
        for name in sorted(tables(engine)):
            for pragma in ("foreign_key_list", "index_list"):
                rows = connection.exec_driver_sql(f"PRAGMA {pragma}({name})")
                found[f"{pragma} {name}"] = sorted(tuple(row[1:]) for row in rows)
    return found


# --- the stairway -------------------------------------------------------------------------------


def test_revisions_follow_one_another_in_one_line() -> None:
    scripts = ScriptDirectory.from_config(migration_config())
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
    assert sorted(REVISIONS) == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_migration_goes_up_down_and_up_again(engine: Engine, revision: str) -> None:
    up(engine, revision)
    before = (tables(engine), schema(engine), columns(engine))
    down(engine, "-1")
    assert present(engine) != revision
    up(engine, revision)
    assert present(engine) == revision
    assert (tables(engine), schema(engine), columns(engine)) == before


def test_all_the_way_down_nothing_is_left(engine: Engine) -> None:
    up(engine)
    assert tables(engine)
    down(engine)
    assert (tables(engine), schema(engine), present(engine)) == (set(), {}, None)
    up(engine)
    assert present(engine) == REVISIONS[-1]


# --- migrated is declared -----------------------------------------------------------------------


@pytest.fixture
def declared(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    metadata.create_all(made)
    yield made
    made.dispose()


def test_alembic_sees_no_difference_to_the_declared_tables(engine: Engine) -> None:
    up(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_database_sees_no_difference_to_the_declared_tables(
    engine: Engine, declared: Engine
) -> None:
    up(engine)
    assert tables(engine) == tables(declared)
    assert columns(engine) == columns(declared)
    assert keys(engine) == keys(declared)
    migrated = schema(engine)
    assert migrated == schema(declared)
    triggers = [name for name in migrated if name.startswith("trigger")]
    assert len(triggers) >= 3


def test_constraints_have_the_declared_names(engine: Engine, declared: Engine) -> None:
    def named(one: Engine) -> set[str]:
        statement = "SELECT sql FROM sqlite_master WHERE type = 'table'"
        with one.connect() as connection:
            text = " ".join(row[0] for row in connection.exec_driver_sql(statement))
        words = text.split()
        return {after for word, after in pairwise(words) if word == "CONSTRAINT"} - {
            "alembic_version_pkc"
        }

    up(engine)
    assert named(engine) == named(declared)


# --- opening ------------------------------------------------------------------------------------


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    move(engine, upgrade)
    before = schema(engine)
    move(engine, upgrade)
    assert (schema(engine), present(engine)) == (before, REVISIONS[-1])


def test_the_newest_schema_is_known_without_alembic() -> None:
    assert REVISIONS[-1] == NEWEST


def test_a_log_that_notes_two_schemas_is_refused(engine: Engine) -> None:
    move(engine, upgrade)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(StoreUnavailable, match=f"schema {NEWEST}, 9999, which is newer"):
        move(engine, upgrade)


def test_a_newer_schema_is_refused_and_named(engine: Engine) -> None:
    move(engine, upgrade)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match="schema 9999, which is newer than this program"):
        move(engine, upgrade)
    assert present(engine) == "9999"


async def test_a_store_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    store = await SqlEventStore.open_sqlite(path, upgrade)
    await store.append([Append(prices(3))])
    await store.close()
    set_revision(path, "9999")
    with pytest.raises(StoreUnavailable, match="newer"):
        await SqlEventStore.open_sqlite(path, upgrade)
    set_revision(path, REVISIONS[-1])
    store = await SqlEventStore.open_sqlite(path, upgrade)
    assert (await store.head()).position == 3
    await store.close()


def set_revision(path: Path, revision: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
    connection.close()


async def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(connection: Connection) -> None:
        upgrade(connection)
        raise RuntimeError("planted")

    path = tmp_path / "log.db"
    with pytest.raises(RuntimeError, match="planted"):
        await SqlEventStore.open_sqlite(path, fail)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()


async def test_the_log_survives_reopening(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    epochs: set[str] = set()
    events: list[RecordedEvent] = []
    for turn in range(3):
        store = await SqlEventStore.open_sqlite(path, upgrade)
        epochs.add((await store.head()).epoch)
        assert await store.read(ReadQuery()) == events
        await store.append([Append(prices(2, first=turn * 2))])
        events = await store.read(ReadQuery())
        await store.close()
    assert len(epochs) == 1
    assert [event.version for event in events] == [1, 2, 3, 4, 5, 6]
