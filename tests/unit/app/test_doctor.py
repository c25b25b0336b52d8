"""What the doctor says of a healthy log, a sick one, and a machine that is not as it should be."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from app import doctor
from app.doctor import FAILED, OK, WARNING, Check, examine
from events.clock import now_us
from tests.unit.events.damage import copy_of, fill, flip, unguarded
from tests.unit.events.sqlite_logs import store_at


@pytest.fixture
def log(whole: Path, tmp_path: Path) -> Path:
    return copy_of(whole, tmp_path)


def checks(log: Path, now: int | None = None) -> dict[str, Check]:
    found = asyncio.run(examine(log, lambda: now or now_us()))
    return {check.name: check for check in found}


def test_a_healthy_log_is_all_well(log: Path) -> None:
    found = checks(log)
    assert {check.state for check in found.values()} == {OK}
    assert list(found) == [
        "sqlite", "disk", "writer", "wal", "pragmas", "schema", "chain", "clock",
    ]  # fmt: skip
    assert "journal_mode=wal" in found["pragmas"].text
    assert "synchronous=FULL" in found["pragmas"].text
    assert "position 28" in found["chain"].text


@pytest.mark.parametrize(
    ("version", "says"),
    [((3, 40, 1), "one writer connection does both"), ((3, 51, 3), "without the WAL-reset race")],
)
def test_it_says_what_keeps_the_wal_reset_race_away(
    log: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], says: str
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert says in checks(log)["sqlite"].text


def test_a_log_that_is_not_there_yet_is_no_fault_and_is_not_made(tmp_path: Path) -> None:
    found = checks(tmp_path / "log.db")
    assert found["log"].state == OK
    assert list(tmp_path.iterdir()) == []


async def test_beside_a_server_it_says_who_writes(tmp_path: Path) -> None:
    async with store_at(tmp_path / "log.db") as store:
        await fill(store)
        found = {check.name: check for check in await examine(tmp_path / "log.db")}
        assert found["writer"].text.startswith("written by process ")
        assert found["chain"].state == OK


def test_a_clock_behind_the_log_and_one_never_set_are_told(log: Path) -> None:
    assert checks(log, 1_750_000_000_000_000)["clock"].state == WARNING
    assert checks(log, 1_000_000)["clock"].state == FAILED


def test_a_full_disk_and_a_small_one_are_told(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_BYTES_MIN", 2**80)
    assert checks(log)["disk"].state == FAILED
    assert checks(log.parent / "none" / "log.db")["disk"].state == FAILED


def test_damage_is_a_failed_check_and_no_exception(log: Path, whole: Path) -> None:
    with unguarded(log) as connection:
        connection.execute("UPDATE events SET payload = '{}' WHERE position = 20")
        connection.execute("DROP INDEX ix_events_late")
    found = checks(log)
    assert (found["chain"].state, found["schema"].state) == (FAILED, FAILED)
    assert "breaks at position 20" in found["chain"].text
    copy_of(whole, log.parent)
    for bit in (0, 8 * 100):
        flip(log, bit)
        assert FAILED in {check.state for check in checks(log).values()}
        flip(log, bit)


def test_a_damaged_write_ahead_log_is_not_opened(tmp_path: Path) -> None:
    async def kill() -> Path:
        async with store_at(tmp_path / "living.db") as store:
            await fill(store)
            return copy_of(tmp_path / "living.db", tmp_path / "killed")

    killed = asyncio.run(kill())
    flip(killed.with_name("log.db-wal"), 8 * 5_000)
    found = checks(killed)
    assert found["wal"].state == FAILED
    assert "chain" not in found


def test_a_head_that_is_not_the_last_event_is_told(log: Path) -> None:
    with unguarded(log) as connection:
        connection.execute("UPDATE log_head SET hash = zeroblob(32)")
    assert checks(log)["chain"].state == FAILED
