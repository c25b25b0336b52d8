"""`synapse verify`, `doctor`, `backup` and `restore`, as an operator uses them."""

# covers: app.commands.log, app.checkpoints

import asyncio
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.migrate import upgrade
from events.sql_store import SqlEventStore
from tests.integration.programs import run_cli
from tests.integration.served import serving
from tests.postgres import PostgresServer
from tests.unit.events.damage import EVENTS, copy_of, fill, unguarded

Ran = tuple[int, str, str]
Command = Callable[[str], Ran]


@pytest.fixture
def log(whole: Path, tmp_path: Path) -> Path:
    return copy_of(whole, tmp_path)


@pytest.fixture
def synapse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command in the test's folder; returns the exit code, and what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNAPSE_DATABASE_URL", "log.db")

    def run(arguments: str) -> Ran:
        with pytest.raises(SystemExit) as stopped:
            main(shlex.split(arguments))
        said = capsys.readouterr()
        return int(str(stopped.value.code)), said.out, said.err

    return run


def answer(ran: Ran, code: int = 0) -> Any:
    assert (ran[0], ran[2]) == (code, ""), ran
    return json.loads(ran[1])


def alter(log: Path, position: int = 9) -> None:
    with unguarded(log) as connection:
        connection.execute(f"UPDATE events SET payload = '{{}}' WHERE position = {position}")


# --- verify -------------------------------------------------------------------------------------


def test_verify_proves_a_log(log: Path, synapse: Command) -> None:
    code, out, err = synapse("verify")
    assert (code, err) == (0, "")
    assert out.startswith(f"proven: {EVENTS} events, epoch ")
    shown = answer(synapse(f"verify --db {log} --json"))
    assert (shown["ok"], shown["head"], shown["first_bad"]) == (True, EVENTS, None)
    assert (shown["findings"], shown["checkpoint"]) == ([], None)


def test_verify_names_the_first_bad_position(log: Path, synapse: Command) -> None:
    alter(log)
    code, out, _err = synapse("verify")
    assert code == 1
    assert "the first bad position is 9" in out
    assert "position 9: the hash does not follow" in out
    shown = answer(synapse("verify --json"), code=1)
    assert (shown["ok"], shown["first_bad"]) == (False, 9)
    assert shown["findings"][0]["position"] == 9


def test_verify_of_a_cut_or_foreign_file_is_a_finding_and_no_traceback(
    log: Path, synapse: Command
) -> None:
    for size in (0, 10, 5_000, 100_000):
        copy = log.with_name("cut.db")
        copy.write_bytes(log.read_bytes()[:size])
        code, out, err = synapse("verify --db cut.db")
        assert (code, err) == (1, "")
        assert out.startswith("NOT PROVEN: no event is concerned")


def test_verify_beside_a_running_server(tmp_path: Path, synapse: Command) -> None:
    with serving(tmp_path) as served:
        bar = {"symbol": "VERIFY", "price": "10.5", "timestamp": "2026-01-16T21:00:00Z"}
        served.post_prices(bar)
        shown = answer(synapse("verify --db synapse.db --json"))
        assert (shown["ok"], shown["head"]) == (True, served.head())
        assert answer(synapse("doctor --db synapse.db --json"))["ok"]
        assert answer(synapse("backup b.db --db synapse.db --json"))["events"] == served.head()
        code, _out, err = synapse("restore b.db --db synapse.db --force")
        assert (code, "process" in err, len(err.splitlines())) == (2, True, 1)


# --- checkpoints ----------------------------------------------------------------------------------


def test_a_checkpoint_is_written_and_checked_later(log: Path, synapse: Command) -> None:
    shown = answer(synapse("verify --checkpoint head.json --json"))
    assert shown["checkpoint"]["action"] == "written"
    assert log.with_name("head.json.key").exists()
    code, out, _err = synapse("verify --checkpoint head.json")
    assert (code, "checkpoint checked: the log contains" in out) == (0, True)


def test_a_checkpoint_finds_another_lifetime(log: Path, synapse: Command) -> None:
    synapse("verify --checkpoint head.json --key k.pem")
    synapse("backup b.db")
    synapse("restore b.db --force")
    code, out, _err = synapse("verify --checkpoint head.json --key k.pem")
    assert code == 1
    assert "proven" in out
    assert "another lifetime" in out


def test_a_checkpoint_that_was_altered_or_signed_by_another_fails_the_check(
    log: Path, synapse: Command
) -> None:
    synapse("verify --checkpoint head.json")
    synapse("verify --checkpoint other.json")
    file = log.with_name("head.json")
    file.write_bytes(file.read_bytes().replace(b'"position": 28', b'"position": 27'))
    code, _out, err = synapse("verify --checkpoint head.json")
    assert (code, "head.json" in err, "altered" in err) == (1, True, True)
    code, _out, err = synapse("verify --checkpoint other.json --key head.json.key")
    assert (code, "another key" in err) == (1, True)


def test_an_altered_log_is_not_signed(log: Path, synapse: Command) -> None:
    alter(log)
    code, out, _err = synapse("verify --checkpoint head.json")
    assert (code, "checkpoint not written" in out) == (1, True)
    assert not log.with_name("head.json").exists()


# --- doctor ---------------------------------------------------------------------------------------


def test_the_doctor_lists_what_it_looked_at(log: Path, synapse: Command) -> None:
    code, out, err = synapse("doctor")
    assert (code, err) == (0, "")
    for word in ("sqlite", "WAL-reset", "pragmas", "schema", "chain", "disk", "clock"):
        assert word in out
    alter(log, EVENTS - 1)
    code, out, _err = synapse("doctor")
    assert (code, "failed   chain" in out) == (1, True)


# --- backup and restore ---------------------------------------------------------------------------


def test_the_drill_back_up_break_restore(log: Path, synapse: Command) -> None:
    backed_up = answer(synapse("backup b.db --json"))
    alter(log)
    assert synapse("verify")[0] == 1
    shown = answer(synapse("restore b.db --force --json"))
    assert shown["kept"].startswith(f"{log}.bak-")
    assert shown["epoch"] != backed_up["epoch"]
    assert shown["hash"] == backed_up["hash"]
    assert synapse("verify")[0] == 0


def test_a_damaged_backup_is_not_restored(log: Path, synapse: Command) -> None:
    synapse("backup b.db")
    alter(log.with_name("b.db"))
    before = log.read_bytes()
    code, out, _err = synapse("restore b.db --force")
    assert (code, "the first bad position is 9" in out) == (1, True)
    assert log.read_bytes() == before
    log.with_name("b.db").write_bytes(before[:-1])
    shown = synapse("restore b.db --force --json")
    assert (shown[0], "cut off" in json.loads(shown[1])["findings"][0]["text"]) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("verify --db none.db", "none.db does not exist"),
        ("verify --key k.pem", "--key needs --checkpoint"),
        ("backup", "file"),
        ("backup log.db", "same file"),
        ("backup there.db", "--force"),
        ("backup none/b.db", "none: there is no such folder"),
        ("restore none.db", "none.db does not exist"),
        ("restore b.db --db folder", "is a folder"),
        ("restore there.db", "--force"),
        ("backup b.db --db postgresql://u:secret@h/d", "pg_dump"),
        ("restore b.db --db postgresql://u:secret@h/d", "pg_restore"),
        ("doctor --db postgresql://u:secret@h/d", "PostgreSQL"),
    ],
)
def test_misuse_is_told_in_one_line(log: Path, synapse: Command, arguments: str, says: str) -> None:
    log.with_name("folder").mkdir()
    log.with_name("there.db").touch()
    before = log.read_bytes()
    code, out, err = synapse(arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    assert says in err
    assert "secret" not in err
    assert log.read_bytes() == before
    assert log.with_name("there.db").read_bytes() == b""


def test_as_a_program_it_exits_and_keeps_its_streams_apart(log: Path) -> None:
    alter(log)
    done = run_cli("verify", "--db", "log.db", "--json", folder=log.parent)
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["first_bad"] == 9


# --- PostgreSQL -----------------------------------------------------------------------------------


def test_a_log_in_postgres_is_proven_too(postgres: PostgresServer, synapse: Command) -> None:
    url = postgres.new_database()

    async def record() -> None:
        store = await SqlEventStore.open_postgres(url, upgrade)
        await fill(store)
        await store.close()

    asyncio.run(record())
    shown = answer(synapse(f"verify --db {url} --checkpoint head.json --json"))
    assert (shown["ok"], shown["events"], shown["checkpoint"]["ok"]) == (True, EVENTS, True)
    postgres.run(
        "SET session_replication_role = replica",
        "UPDATE events SET source = 'api' WHERE position = 9",
        database=url.split("/")[3].partition("?")[0],
    )
    shown = answer(synapse(f"verify --db {url} --checkpoint head.json --json"), code=1)
    assert shown["first_bad"] == 9
