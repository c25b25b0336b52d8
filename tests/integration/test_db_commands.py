"""`synapse db`: upgrade, status and new-epoch; and who refuses a log whose schema is not this program's."""

# covers: app.commands.db, app.db_status, app.db_upgrade, app.migrate

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command

from app.cli import main
from app.migrate import NEWEST, migration_config, upgrade
from events.envelope import Append
from events.file_lock import FileLock
from events.postgres import PostgresEngines
from events.sql_store import SqlEventStore
from tests.dumps import dump, restore
from tests.integration.programs import run_cli
from tests.postgres import PostgresServer, apart, name_of
from tests.unit.events.builders import prices

Run = Callable[..., tuple[int, str]]
BEFORE = "0003"
OPENERS = (
    ("serve", "--no-browser", "--port", "0"),
    ("import", "prices.csv", "--symbol", "SPX"),
    ("rebuild",),
    ("db", "new-epoch"),
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; its exit code, and all that it said."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SYNAPSE_")]:
        monkeypatch.delenv(name)
    (tmp_path / "prices.csv").write_text("date,close\n2026-01-13,100\n")

    def one(*arguments: str) -> tuple[int, str]:
        if arguments[0] == "serve":  # it sets up the log of its whole process
            ran = run_cli(*arguments, folder=tmp_path)
            return ran.returncode, ran.stdout + ran.stderr
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return one


def to_schema(url: str, revision: str) -> None:
    async def go() -> None:
        engines = await PostgresEngines.open(
            url, lambda c: command.downgrade(migration_config(c), revision)
        )
        await engines.close()

    apart(go())


def with_log(url: str) -> None:
    async def go() -> None:
        store = await SqlEventStore.open_postgres(url, upgrade)
        await store.append([Append(prices(3))])
        await store.acquire_lease("feed:x", "host:1", 3_600)
        await store.close()

    apart(go())


def status(run: Run, url: str) -> tuple[int, dict[str, Any]]:
    code, said = run("db", "status", "--json", "--db", url)
    return code, json.loads(said)


# --- who refuses --------------------------------------------------------------------------------


@pytest.mark.parametrize("opener", OPENERS, ids=lambda opener: " ".join(opener[:2]))
def test_a_log_of_another_schema_is_refused_in_one_line(
    postgres: PostgresServer, run: Run, opener: tuple[str, ...]
) -> None:
    url = postgres.new_database()
    revision = "UPDATE alembic_version SET version_num = '{}'".format
    for present, says in (
        (BEFORE, f"has schema {BEFORE}, this program needs {NEWEST}: run `synapse db upgrade`"),
        ("9999", f"has schema 9999, which is newer than this program's {NEWEST}: install the"),
    ):
        postgres.run(revision(present), database=name_of(url))
        code, said = run(*opener, "--db", url)
        # Before it, `serve` may warn that no token is set.
        *_, line = said.splitlines()
        assert (code, line.startswith(f"synapse: this log {says}")) == (2, True), said
    assert postgres.run("SELECT count(*) FROM log_head", database=name_of(url))[0][0] == 0


def test_an_empty_database_and_one_of_another_program_are_refused(
    postgres: PostgresServer, run: Run
) -> None:
    url = postgres.new_database(migrated=False)
    assert run("import", "prices.csv", "--symbol", "X", "--db", url) == (
        2,
        "synapse: this database is empty: run `synapse db upgrade`\n",
    )
    postgres.run("CREATE TABLE ledger (a int)", database=name_of(url))
    refused = (2, "synapse: this database is no log, it holds ledger: name another one\n")
    assert run("import", "prices.csv", "--symbol", "X", "--db", url) == refused
    assert run("db", "upgrade", "--db", url) == refused
    code, found = status(run, url)
    assert (code, found["state"], found["refusal"]) == (1, "foreign", "it is no log")


@pytest.mark.parametrize("reader", [("tail", "--no-follow"), ("state",), ("verify",)])
def test_a_reading_command_says_what_an_empty_database_needs(
    postgres: PostgresServer, run: Run, reader: tuple[str, ...]
) -> None:
    code, said = run(*reader, "--db", postgres.new_database(migrated=False))
    assert (code, said) == (2, "synapse: this database is empty: run `synapse db upgrade`\n")


def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres: PostgresServer, run: Run
) -> None:
    postgres.run(
        "CREATE DATABASE western ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
    )
    said = (
        "synapse: this database is in LATIN1: a log needs one that was made with ENCODING 'UTF8'\n"
    )
    assert run("db", "upgrade", "--db", postgres.url("western")) == (2, said)


# --- upgrade ------------------------------------------------------------------------------------


def test_upgrade_makes_a_log_of_an_empty_database_and_then_has_nothing_to_do(
    postgres: PostgresServer, run: Run
) -> None:
    url = postgres.new_database(migrated=False)
    assert status(run, url)[1]["state"] == "empty"
    assert run("db", "upgrade", "--db", url) == (0, f"schema none -> {NEWEST}: upgraded\n")
    assert run("db", "upgrade", "--db", url) == (0, f"schema {NEWEST}: nothing to do\n")
    code, found = status(run, url)
    assert (code, found["state"], found["head"], found["writable"]) == (0, "current", 0, True)
    assert run("import", "prices.csv", "--symbol", "X", "--db", url)[0] == 0


def test_upgrade_keeps_the_events_and_the_epoch(postgres: PostgresServer, run: Run) -> None:
    url = postgres.new_database()
    with_log(url)
    before = status(run, url)[1]
    to_schema(url, BEFORE)
    code, behind = status(run, url)
    assert (code, behind["schema"], behind["state"], behind["head"]) == (1, BEFORE, "behind", 3)
    assert run("db", "upgrade", "--db", url) == (0, f"schema {BEFORE} -> {NEWEST}: upgraded\n")
    assert status(run, url)[1] == before


async def test_of_two_upgrades_at_once_one_does_it(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.new_database(migrated=False)
    done = await asyncio.gather(
        *(
            asyncio.to_thread(run_cli, "db", "upgrade", "--json", "--db", url, folder=tmp_path)
            for _ in range(3)
        )
    )
    told = [json.loads(each.stdout) for each in done]
    assert sorted(str(each["before"]) for each in told) == [NEWEST, NEWEST, "None"]
    assert len({each["epoch"] for each in told}) == 1


def test_upgrade_says_that_a_log_was_moved(
    postgres: PostgresServer, run: Run, tmp_path: Path
) -> None:
    url, copy = postgres.new_database(), postgres.new_database(migrated=False)
    with_log(url)
    dump(url, tmp_path / "log.dump")
    restore(tmp_path / "log.dump", copy)
    original, moved = status(run, url)[1], status(run, copy)[1]
    assert (moved["epoch"], moved["moved_from"]) == (original["epoch"], original["place"])
    assert "the next node gives it a new epoch" in run("db", "status", "--db", copy)[1]
    code, said = run("db", "upgrade", "--db", copy)
    found = status(run, copy)[1]
    assert (code, found["moved_from"]) == (0, None)
    assert said.splitlines()[1] == (
        f"the log was moved here: it begins a new lifetime, epoch {found['epoch']}"
    )
    assert found["epoch"] != original["epoch"]


def test_a_file_is_upgraded_unless_a_server_writes_it(run: Run) -> None:
    assert run("db", "upgrade") == (0, f"schema none -> {NEWEST}: upgraded\n")
    lock = FileLock.acquire(Path("synapse.db"))
    code, said = run("db", "upgrade")
    assert (code, "is being written by" in said) == (2, True)
    code, found = status(run, "synapse.db")
    assert (code, "is being written by" in found["refusal"]) == (1, True)
    lock.release()
    assert run("db", "upgrade") == (0, f"schema {NEWEST}: nothing to do\n")
    assert status(run, "synapse.db")[0] == 0


# --- status and new-epoch -----------------------------------------------------------------------


def test_status_tells_what_an_operator_wants_to_know(postgres: PostgresServer, run: Run) -> None:
    url = postgres.new_database()
    with_log(url)
    code, said = run("db", "status", "--db", url)
    lines = dict(line.split(maxsplit=1) for line in said.splitlines())
    system = postgres.run("SELECT system_identifier FROM pg_control_system()")[0][0]
    assert code == 0
    assert list(lines) == ["schema", "epoch", "head", "place", "lease", "writable"]
    assert (lines["schema"], lines["writable"]) == (f"{NEWEST}, current", "yes")
    assert lines["head"].startswith("3, recorded 2")
    assert lines["place"].startswith(f"{system}/")
    assert lines["lease"].startswith("feed:x, fence 1, held by host:1, expires 2")


def test_status_says_that_a_role_may_only_read(postgres: PostgresServer, run: Run) -> None:
    postgres.run("CREATE ROLE looker LOGIN")
    url = postgres.new_database()
    with_log(url)
    name = name_of(url)
    postgres.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker", database=name)
    code, found = status(run, postgres.url(name, user="looker"))
    assert (code, found["refusal"]) == (1, "the role looker may not write it")


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_a_new_epoch_changes_the_epoch_alone(kind: str, run: Run, postgres: PostgresServer) -> None:
    log = "synapse.db" if kind == "file" else postgres.new_database()
    run("db", "upgrade", "--db", log)
    run("import", "prices.csv", "--symbol", "X", "--db", log)
    before = status(run, log)[1]
    code, said = run("db", "new-epoch", "--db", log)
    after = status(run, log)[1]
    assert (code, said) == (0, f"epoch {before['epoch']} -> {after['epoch']}\n")
    assert before["epoch"] != after["epoch"]
    assert {**after, "epoch": before["epoch"]} == before
    assert run("verify", "--db", log)[0] == 0


def test_a_log_that_is_not_there_gets_no_epoch_and_no_file(run: Run) -> None:
    assert run("db", "new-epoch") == (2, "synapse: synapse.db does not exist\n")
    assert run("db", "status") == (2, "synapse: synapse.db does not exist\n")
    assert not Path("synapse.db").exists()


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_result_as_json_is_all_that_an_import_prints(
    postgres: PostgresServer, tmp_path: Path, log_format: str
) -> None:
    (tmp_path / "prices.csv").write_text("date,close\n2026-01-13,100\n")
    done = run_cli(
        *("import", "prices.csv", "--symbol", "X", "--json", "--db", postgres.new_database()),
        folder=tmp_path,
        env={"SYNAPSE_LOG_FORMAT": log_format},
    )
    assert (done.returncode, json.loads(done.stdout)["symbol"]) == (0, "X")
