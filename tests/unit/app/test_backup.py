"""A backup is whole or not there; a restore is a new lifetime, and loses nothing that was there before."""

# covers: app.backup, app.new_file

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.backup import Copied, back_up, restore
from app.new_file import RefusedToReplace
from events.envelope import Append
from events.epoch import is_epoch
from events.errors import CorruptLog, StoreLocked, StoreUnavailable
from events.file_lock import FileLock
from tests.unit.events.builders import prices
from tests.unit.events.damage import EVENTS, content, copy_of, fill, flip, verified
from tests.unit.events.sqlite_logs import store_at


@pytest.fixture
def log(whole: Path, tmp_path: Path) -> Path:
    return copy_of(whole, tmp_path)


def backed_up(log: Path, target: Path, *, force: bool = False) -> Copied:
    return asyncio.run(back_up(log, target, force=force))


def restored(backup: Path, log: Path, *, force: bool = False) -> Copied:
    return asyncio.run(restore(backup, log, force=force))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith("log.db-")}


def damage(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER events_refuse_update")
        connection.execute("UPDATE events SET payload = '{}' WHERE position = 5")


# --- backup ---------------------------------------------------------------------------------------


def test_a_backup_is_one_file_that_says_the_same(log: Path, tmp_path: Path) -> None:
    copied = backed_up(log, tmp_path / "b.db")
    assert (copied.report.ok, copied.report.events, copied.kept) == (True, EVENTS, None)
    assert names(tmp_path) == {"log.db", "b.db"}
    assert content(tmp_path / "b.db") == content(log)
    assert verified(tmp_path / "b.db").ok


async def test_a_backup_beside_a_busy_writer_is_of_one_moment(tmp_path: Path) -> None:
    async with store_at(tmp_path / "log.db") as store:
        await fill(store)
        copying = asyncio.create_task(back_up(tmp_path / "log.db", tmp_path / "b.db", force=False))
        written = 0
        while not copying.done():
            await store.append([Append(prices(4, f"S{written}"))])
            written += 1
        copied = await copying
        assert copied.report.findings == ()
        assert copied.report.events in range(EVENTS, EVENTS + 4 * written + 1, 4)
        assert (await store.head()).position == EVENTS + 4 * written


def test_a_backup_of_a_killed_log_has_what_was_committed(tmp_path: Path) -> None:
    async def kill() -> Path:
        async with store_at(tmp_path / "living.db") as store:
            await fill(store)
            return copy_of(tmp_path / "living.db", tmp_path / "killed")

    assert backed_up(asyncio.run(kill()), tmp_path / "b.db").report.events == EVENTS


def test_progress_tells_pages(log: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    progress = back_up(
        log, tmp_path / "b.db", force=False, on_progress=lambda *pair: told.append(pair)
    )
    asyncio.run(progress)
    assert told
    assert told[-1][0] == told[-1][1] > 0


def test_a_file_in_the_way_is_replaced_only_by_force(log: Path, tmp_path: Path) -> None:
    (tmp_path / "b.db").write_text("precious")
    with pytest.raises(RefusedToReplace, match="--force"):
        backed_up(log, tmp_path / "b.db")
    assert (tmp_path / "b.db").read_text() == "precious"
    assert backed_up(log, tmp_path / "b.db", force=True).report.ok
    assert verified(tmp_path / "b.db").ok


def test_a_damaged_log_gives_no_backup(log: Path, tmp_path: Path) -> None:
    damage(log)
    copied = backed_up(log, tmp_path / "b.db")
    assert (copied.report.ok, copied.report.first_bad) == (False, 5)
    assert names(tmp_path) == {"log.db"}


def test_a_cut_log_gives_no_backup(log: Path, tmp_path: Path) -> None:
    log.write_bytes(log.read_bytes()[:-5])
    with pytest.raises(CorruptLog, match="cut off"):
        backed_up(log, tmp_path / "b.db")
    assert names(tmp_path) == {"log.db"}


@pytest.mark.parametrize("name", ["none.db", "text.db"])
def test_what_is_no_log_gives_no_backup(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.db").write_text("this is no database" * 100)
    with pytest.raises((StoreUnavailable, CorruptLog)):
        backed_up(tmp_path / name, tmp_path / "b.db")
    assert names(tmp_path) == {"text.db"}


def test_a_log_is_no_backup_of_itself(log: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(log)
    for target in (log, tmp_path / "link.db"):
        with pytest.raises(RefusedToReplace, match="same file"):
            backed_up(log, target, force=True)
    with pytest.raises(RefusedToReplace, match="same file"):
        restored(log, log, force=True)


# --- restore --------------------------------------------------------------------------------------


def test_a_restored_log_is_a_new_lifetime_of_the_same_events(log: Path, tmp_path: Path) -> None:
    copied = restored(log, tmp_path / "new.db")
    assert copied.report.head is not None
    assert is_epoch(copied.report.head.epoch)
    before, after = content(log), content(tmp_path / "new.db")
    assert after.pop("log_head") != before.pop("log_head")
    assert after == before
    assert names(tmp_path) == {"log.db", "new.db", "new.db.lock"}


async def test_a_restored_log_goes_on(whole: Path, tmp_path: Path) -> None:
    await restore(whole, tmp_path / "new.db", force=False)
    async with store_at(tmp_path / "new.db") as store:
        await store.append([Append(prices(2, "NEW"))])
    assert (await asyncio.to_thread(verified, tmp_path / "new.db")).events == EVENTS + 2


async def test_a_log_that_is_being_written_is_not_replaced(whole: Path, tmp_path: Path) -> None:
    async with store_at(tmp_path / "log.db") as store:
        await fill(store)
        with pytest.raises(StoreLocked):
            await restore(whole, tmp_path / "log.db", force=True)
        assert (await store.head()).position == EVENTS
    assert (await asyncio.to_thread(verified, tmp_path / "log.db")).ok


def test_a_log_in_the_way_is_put_aside_only_by_force(
    log: Path, whole: Path, tmp_path: Path
) -> None:
    damage(log)
    before = content(log)
    with pytest.raises(RefusedToReplace, match="--force"):
        restored(whole, log)
    assert content(log) == before
    kept = restored(whole, log, force=True).kept
    assert kept is not None
    assert kept.name.startswith("log.db.bak-")
    assert content(kept) == before
    assert verified(log).ok


def test_what_a_killed_log_had_not_folded_in_is_put_aside_with_it(
    whole: Path, tmp_path: Path
) -> None:
    async def kill() -> Path:
        async with store_at(tmp_path / "living.db") as store:
            await fill(store)
            await fill(store, first=100)
            return copy_of(tmp_path / "living.db", tmp_path / "killed")

    killed = asyncio.run(kill())
    kept = restored(whole, killed, force=True).kept
    assert kept is not None
    assert verified(killed).events == EVENTS
    assert verified(kept).events == 2 * EVENTS
    assert not killed.with_name("log.db-wal").exists() or verified(killed).ok


def test_a_damaged_backup_replaces_nothing(log: Path, tmp_path: Path) -> None:
    backed_up(log, tmp_path / "b.db")
    damage(tmp_path / "b.db")
    before = content(log)
    copied = restored(tmp_path / "b.db", log, force=True)
    assert (copied.report.ok, copied.report.first_bad, copied.kept) == (False, 5, None)
    assert content(log) == before
    assert names(tmp_path) == {"log.db", "log.db.lock", "b.db"}


def test_a_backup_that_was_cut_or_is_none_replaces_nothing(log: Path, tmp_path: Path) -> None:
    whole = log.read_bytes()
    for broken in (b"", whole[:50], whole[:-1], whole[: len(whole) // 2], b"text" * 999):
        (tmp_path / "b.db").write_bytes(broken)
        with pytest.raises((CorruptLog, StoreUnavailable)):
            restored(tmp_path / "b.db", log, force=True)
        assert log.read_bytes() == whole
    with pytest.raises(StoreUnavailable, match="does not exist"):
        restored(tmp_path / "none.db", log, force=True)


def test_a_flipped_bit_in_the_header_replaces_nothing(log: Path, tmp_path: Path) -> None:
    (tmp_path / "b.db").write_bytes(log.read_bytes())
    flip(tmp_path / "b.db", 8 * 3)
    with pytest.raises(CorruptLog):
        restored(tmp_path / "b.db", tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


def test_a_link_goes_on_pointing_to_its_log(whole: Path, log: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(log)
    restored(whole, tmp_path / "link.db", force=True)
    assert (tmp_path / "link.db").is_symlink()
    assert verified(log).ok


def test_a_failed_restore_lets_go_of_the_lock(log: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        restored(tmp_path / "none.db", log, force=True)
    FileLock.acquire(log).release()


def test_where_files_cannot_have_two_names_the_old_log_is_copied(
    log: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("app.backup.os.link", refuse)
    kept = restored(whole, log, force=True).kept
    assert kept is not None
    assert content(kept) == content(whole)
