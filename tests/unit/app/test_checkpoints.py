"""A checkpoint's file is written once, next to its key, and checked against the log afterwards."""

import asyncio
from pathlib import Path

import pytest

from app.checkpoints import (
    CHECKED,
    NOT_WRITTEN,
    WRITTEN,
    CheckpointOutcome,
    check,
    key_of,
    load,
    write,
)
from events.checkpoint import BrokenCheckpoint, CheckpointError
from events.envelope import Append
from events.sql_store import SqlEventStore
from events.verify_report import VerifyReport
from tests.unit.events.builders import prices
from tests.unit.events.damage import make_log, unguarded, verified
from tests.unit.events.sqlite_logs import store_at


@pytest.fixture
def log(tmp_path: Path) -> Path:
    make_log(tmp_path / "log.db")
    return tmp_path / "log.db"


@pytest.fixture
def file(log: Path) -> Path:
    file = log.with_name("head.json")
    written = write(verified(log), file, key_of(file, None))
    assert (written.ok, written.action) == (True, WRITTEN)
    return file


def checked(log: Path, file: Path) -> CheckpointOutcome:
    async def run() -> CheckpointOutcome:
        checkpoint = load(file, key_of(file, None))
        assert checkpoint is not None
        store = SqlEventStore.read_sqlite(log)
        try:
            return await check(checkpoint, await asyncio.to_thread(verified, log), store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_the_log_contains_its_signed_head_also_when_it_has_grown(log: Path, file: Path) -> None:
    async def grow() -> None:
        async with store_at(log) as store:
            await store.append([Append(prices(3, "NEW"))])

    assert checked(log, file).ok
    asyncio.run(grow())
    outcome = checked(log, file)
    assert (outcome.ok, outcome.action) == (True, CHECKED)


def test_a_log_that_was_cut_and_mended_is_shorter(log: Path, file: Path) -> None:
    with unguarded(log) as connection:
        connection.execute("DELETE FROM events WHERE position = 28")
        connection.execute(
            "UPDATE log_head SET (position, hash) = (SELECT position, hash FROM events "
            "ORDER BY position DESC LIMIT 1)"
        )
        connection.execute("UPDATE streams SET version = version - 1 WHERE position = 28")
        connection.execute("UPDATE streams SET position = 27 WHERE position = 28")
    outcome = checked(log, file)
    assert (outcome.ok, "shorter" in outcome.text) == (False, True)


def test_an_empty_log_has_a_head_to_sign_too(tmp_path: Path) -> None:
    async def make() -> None:
        async with store_at(tmp_path / "log.db"):
            pass

    asyncio.run(make())
    file = tmp_path / "head.json"
    assert write(verified(tmp_path / "log.db"), file, key_of(file, None)).ok
    assert checked(tmp_path / "log.db", file).ok


def test_an_unproven_log_is_not_signed(log: Path) -> None:
    file = log.with_name("head.json")
    broken = VerifyReport(verified(log).head, 1, (), 1, 1)
    outcome = write(broken, file, key_of(file, None))
    assert (outcome.ok, outcome.action, file.exists()) == (False, NOT_WRITTEN, False)


def test_a_checkpoint_is_never_overwritten(log: Path, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        write(verified(log), file, key_of(file, None))
    assert file.read_bytes() == before


def test_without_its_key_a_checkpoint_cannot_be_checked(file: Path) -> None:
    assert load(file.with_name("none.json"), file) is None
    with pytest.raises(CheckpointError, match="name the key"):
        load(file, file.with_name("no.key"))


def test_an_altered_checkpoint_is_named(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'"position": 28', b'"position": 27'))
    with pytest.raises(BrokenCheckpoint, match=r"head\.json: .*altered"):
        load(file, key_of(file, None))
