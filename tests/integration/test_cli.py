"""The command line: what goes wrong is told in one line, with exit code 2 and nothing changed."""

# covers: app.cli, app.commands.serve, app.config, app.migrate

import json
import shlex
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from app.cli import main
from app.serving import bind
from tests.integration.programs import run_cli, run_python
from tests.integration.served import serving

HEADER = "date,open,high,low,close,volume\n"
GOOD = HEADER + "".join(f"2020-01-{n:02},{n}.5,{n + 2},{n}.1,{n}.75,1000\n" for n in range(1, 21))
FILES = {
    "good.csv": GOOD,
    "no-close.csv": "date,open,high,low,volume\n2020-01-01,1,2,1,5\n",
    "no-date.csv": "day,close\n2020-01-01,1\n",
    "bad-price.csv": HEADER + "2020-01-01,1,2,1,1.5,9\n2020-01-02,1,2,1,1e3,9\n",
    "outside.csv": HEADER + "2020-01-01,1,2,1,1.5,9\n2020-01-02,1,2,1,7,9\n",
    "out-of-order.csv": HEADER + "2020-01-02,1,2,1,1.5,9\n2020-01-01,1,2,1,1.5,9\n",
    "twice.csv": "date,close\n2020-01-01,1\n2020-01-01,1\n",
    "fine.csv": "Date,Close\n2024-01-02 00:00:00-05:00,184.5329284667969\n",
    "future.csv": "date,close\n2020-01-01,1\n9990-01-01,2\n",
    "header.csv": HEADER,
    "empty.csv": "",
    "text.db": "this is no database\n" * 100,
}


@dataclass(frozen=True)
class Misuse:
    """A wrong command, and what its line must say."""

    arguments: str
    says: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)


def bad_import(file: str, *says: str) -> Misuse:
    return Misuse(f"import {file} --symbol X --db new.db", (file, *says))


SERVE = "serve --no-browser --port 0"
MISUSES = {
    "unknown command": Misuse("sreve", ("sreve", "--help")),
    "unknown flag": Misuse("serve --bogus", ("--bogus", "serve --help")),
    "bad flag": Misuse("serve --port abc", ("--port", "integer")),
    "serve on a taken port": Misuse(
        "serve --no-browser --port {taken}", ("{taken} is taken", "--port")
    ),
    "demo on a taken port": Misuse(
        "demo --no-browser --port {taken}", ("{taken} is taken", "--port")
    ),
    "foreign address": Misuse(f"{SERVE} --host 192.0.2.1", ("192.0.2.1", "SYNAPSE_TLS_CERT")),
    "no folder": Misuse(f"{SERVE} --db none/x.db", ("none/x.db cannot be written",)),
    "a file for a folder": Misuse("demo --port 0 --db good.csv/x.db", ("cannot be written",)),
    "a folder": Misuse(f"{SERVE} --db folder", ("folder", "name a file")),
    "text": Misuse(f"{SERVE} --db text.db", ("text.db", "no SQLite database")),
    "another program's": Misuse(f"{SERVE} --db foreign.db", ("is no log", "orders")),
    "another engine": Misuse(f"{SERVE} --db mysql://u:secret@h/d", ("mysql", "--db")),
    "being served": Misuse("import good.csv --symbol X --db {served}", ("process", "--db")),
    "no folder for a backup": Misuse(
        "backup none/b.db --db {served}", ("none: there is no such folder",)
    ),
    "bad variable": Misuse("serve", ("SYNAPSE_PORT", "integer"), {"SYNAPSE_PORT": "many"}),
    "no token in its file": Misuse(f"{SERVE} --db x.db", ("x.db.token holds no token",)),
    "no close": bad_import("no-close.csv", "line 1", "close"),
    "bad price": bad_import("bad-price.csv", "line 3", "close", "'1e3'"),
    "out of order": bad_import("out-of-order.csv", "line 3", "older"),
}
MISUSES_BEFORE_ANYTHING_STARTS = {
    "port too high": Misuse("serve --port 70000", ("--port", "65535")),
    "bad speed": Misuse("demo --speed 0", ("--speed", "0.01")),
    "a speed that is no number": Misuse("demo --speed nan", ("--speed",)),
    "no file": Misuse("import", ("file", "import --help")),
    "no symbol": Misuse("import good.csv", ("--symbol",)),
    "no address": Misuse("serve --host=", ("SYNAPSE_HOST",)),
    "bad persona": Misuse("serve", ("SYNAPSE_PERSONA", "minimax"), {"SYNAPSE_PERSONA": "bob"}),
    "bad interval": Misuse("serve", ("SYNAPSE_HEARTBEAT_S",), {"SYNAPSE_HEARTBEAT_S": "0"}),
    "bad detector": Misuse("serve", ("SYNAPSE_DETECTOR", "sma200"), {"SYNAPSE_DETECTOR": "mine"}),
    "bad paper": Misuse("serve", ("SYNAPSE_PAPER", "PORTFOLIO=*"), {"SYNAPSE_PAPER": "main"}),
    "bad bars": Misuse("serve", ("SYNAPSE_BAR_S",), {"SYNAPSE_BAR_S": "0"}),
    "an issuer alone": Misuse(
        "serve --port 0", ("SYNAPSE_JWT_ISSUER needs",), {"SYNAPSE_JWT_ISSUER": "a"}
    ),
    "an audience alone": Misuse(
        "serve --port 0", ("SYNAPSE_JWT_AUDIENCE needs",), {"SYNAPSE_JWT_AUDIENCE": "a"}
    ),
    "short secret": Misuse(
        "serve", ("SYNAPSE_JWT_SECRET", "32 bytes"), {"SYNAPSE_JWT_SECRET": "short"}
    ),
    "a wrong choice": Misuse(
        "tail --channel price", ("'--channel' / '-c': 'price' is not one of 'regime'",)
    ),
    "bad token": Misuse("serve", ("SYNAPSE_TOKEN", "ASCII"), {"SYNAPSE_TOKEN": "two words"}),
    "no name": Misuse("import good.csv --symbol X --db=", ("a log needs a file",)),
    "in memory": Misuse("import good.csv --symbol X --db :memory:", ("a log needs a file",)),
    "no such csv": bad_import("none.csv", "cannot be read"),
    "a folder as csv": bad_import("folder", "cannot be read"),
    "no date": bad_import("no-date.csv", "line 1", "date"),
    "close outside its bar": bad_import("outside.csv", "line 3"),
    "a date twice": bad_import("twice.csv", "line 3", "twice"),
    "from the far future": Misuse(
        "import future.csv --symbol X --db new.db", ("price 2 (X)", "9990-01-01", "24 hours")
    ),
    "finer than the log": bad_import("fine.csv", "line 2", "13 digits", "at most 12 (see round)"),
    "rounded too finely": Misuse("import fine.csv --symbol X --round 13", ("--round", "12")),
    "only a header": bad_import("header.csv", "no bar"),
    "an empty file": bad_import("empty.csv", "empty"),
    "no feed": Misuse("serve --feed spx.csv", ("--feed: 'spx.csv'", "csv:PATH")),
    "a feed without a file": Misuse("serve --feed csv:none.csv", ("--feed", "none.csv")),
    "a feed of a bad file": Misuse("serve --feed csv:no-close.csv", ("no-close.csv, line 1",)),
    "a feed of a file with one bad row": Misuse(
        "serve --feed csv:bad-price.csv", ("--feed: ", "bad-price.csv, line 3", "'1e3'")
    ),
    "a feed at no speed": Misuse("serve --feed 'csv:good.csv?speed=5'", ("speed=5", "1d/s")),
    "an unknown option of a feed": Misuse("serve --feed 'csv:good.csv?sped=1'", ("sped", "speed")),
    "two feeds of one name": Misuse(
        "serve --feed csv:good.csv --feed simulated:SIM?name=good",
        ("--feed: two feeds are named good",),
    ),
    "an exchange without symbols": Misuse("serve --feed exchange:kraken", ("symbols=BTC/USD",)),
    "bad symbol": Misuse("import good.csv --symbol 'A B' --db new.db", ("--symbol", "'A B'")),
}


@dataclass(frozen=True)
class Outcomes:
    """What every wrong command led to; `words` are those that stand for a place in braces."""

    folder: Path
    words: dict[str, str]
    done: dict[str, CompletedProcess[str]]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """All the wrong commands, run beside one another: most of their time is Python's start."""
    folder = tmp_path_factory.mktemp("misuse")
    fill(folder)
    (folder / "x.db.token").write_text("zwölf\n", encoding="utf-8")
    with sqlite3.connect(folder / "foreign.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER)")
    database.close()
    served_in = tmp_path_factory.mktemp("served")
    with serving(served_in), bind("127.0.0.1", 0) as listener, ThreadPoolExecutor(4) as pool:
        taken = str(listener.getsockname()[1])
        words = {"taken": taken, "served": str(served_in / "synapse.db")}

        def run(misuse: Misuse) -> CompletedProcess[str]:
            arguments = shlex.split(misuse.arguments.format(**words))
            return run_cli(*arguments, folder=folder, env=misuse.env)

        done = dict(zip(MISUSES, pool.map(run, MISUSES.values()), strict=True))
        yield Outcomes(folder, words, done)


def fill(folder: Path) -> None:
    (folder / "folder").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize("name", MISUSES)
def test_misuse_is_told_in_one_line(outcomes: Outcomes, name: str) -> None:
    done = outcomes.done[name]
    misuse = MISUSES[name]
    says = [words.format(**outcomes.words) for words in misuse.says]
    told_in_one_line(done.returncode, done.stderr, says)


def told_in_one_line(code: object, stderr: str, says: Iterable[str]) -> None:
    assert code == 2, stderr
    lines = stderr.splitlines()
    assert len(lines) == 1, stderr
    assert lines[0].startswith("synapse: ")
    assert all(words in lines[0] for words in says), stderr
    assert "secret" not in stderr


@pytest.mark.parametrize("name", MISUSES_BEFORE_ANYTHING_STARTS)
def test_misuse_is_told_before_anything_starts(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    misuse = MISUSES_BEFORE_ANYTHING_STARTS[name]
    fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    for variable, value in misuse.env.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as stopped:
        main(shlex.split(misuse.arguments))
    told_in_one_line(stopped.value.code, capsys.readouterr().err, misuse.says)
    assert {path.name for path in tmp_path.iterdir()} == {"folder", *FILES}


def test_without_a_command_the_help_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])
    shown = capsys.readouterr()
    assert "import" in shown.out
    told_in_one_line(stopped.value.code, shown.err, ("name a command",))


def test_misuse_leaves_everything_as_it_was(outcomes: Outcomes) -> None:
    assert (outcomes.folder / "text.db").read_text() == FILES["text.db"]
    with sqlite3.connect(outcomes.folder / "foreign.db") as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    database.close()
    assert tables == [("orders",)]
    assert not (outcomes.folder / "new.db").exists()
    assert not (outcomes.folder / "folder.lock").exists()
    assert not (outcomes.folder / "none").exists()


def test_an_import_is_recorded_once(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    arguments = ("import", "good.csv", "--symbol", "GOLD", "--db", "x.db")
    first = run_cli(*arguments, folder=tmp_path)
    assert (first.returncode, first.stdout) == (
        0,
        "GOLD: bars 20, events recorded 40, bars known already 0\n",
    )
    again = run_cli(*arguments, "--json", folder=tmp_path)
    assert again.returncode == 0
    assert json.loads(again.stdout) == {
        "symbol": "GOLD",
        "bars": 20,
        "events": 0,
        "duplicates": 20,
        "late": 0,
    }
    with serving(tmp_path, database_url=str(tmp_path / "x.db")) as served:
        events = served.events("channels=prices")
        assert {event["source"] for event in events} == {"import"}
        assert [event["payload"]["price"] for event in events] == [f"{n}.75" for n in range(1, 21)]
        assert served.get("/api/state")["symbols"]["GOLD"]["regime"] is not None


def test_an_import_rounds_prices_where_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "fine.csv").write_text(FILES["fine.csv"])
    arguments = ("import", "fine.csv", "--symbol", "X", "--db", "x.db", "--round", "4")
    done = run_cli(*arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "x.db") as database:
        (payload,) = database.execute(
            "SELECT payload FROM events JOIN streams USING (stream_id) WHERE streams.name = 'prices:X'"
        ).fetchone()
    database.close()
    assert json.loads(payload)["price"] == "184.5329"


def test_the_database_may_be_named_by_url_or_variable(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    arguments = ("import", "good.csv", "--symbol", "GOLD", "--json")
    by_url = run_cli(*arguments, "--db", f"sqlite:///{tmp_path / 'x.db'}", folder=tmp_path)
    env = {"SYNAPSE_DATABASE_URL": "x.db"}
    by_variable = run_cli(*arguments, folder=tmp_path, env=env)
    assert json.loads(by_url.stdout)["events"] == 40
    assert json.loads(by_variable.stdout)["duplicates"] == 20


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), ("flight recorder", "serve", "demo", "import", "Not investment advice")),
        (("serve",), ("--db", "--host", "--port", "--no-browser", "--feed", "csv:FILE")),
        (("demo",), ("--speed", "Bars a second", "simulated market")),
        (("import",), ("file", "--symbol", "--round", "--json", "CSV, oldest row first")),
    ],
)
def test_help_names_every_option(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--help"])
    shown = capsys.readouterr()
    assert (stopped.value.code, shown.err) == (0, "")
    for words in says:
        assert words in " ".join(shown.out.replace("│", " ").split())


LOADED = "import sys; print(*sorted(sys.modules))"
OPEN = """
import asyncio
from app.commands.serve import open_recorder
from app.config import Settings

async def opened():
    await (await open_recorder(Settings())).close()

asyncio.run(opened())
"""


def loaded_by(code: str, folder: Path) -> set[str]:
    """The modules that are there after a program of one's own."""
    done = run_python(f"{code.strip()}\n{LOADED}", folder=folder)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_what_only_other_commands_need_is_not_loaded(tmp_path: Path) -> None:
    heavy = {"alembic", "cryptography", "fastapi", "sqlalchemy", "structlog", "uvicorn"}
    assert not loaded_by("import app.cli", tmp_path) & heavy
    assert "alembic" in loaded_by(OPEN, tmp_path)
    again = loaded_by(OPEN, tmp_path)
    assert not again & {"alembic", "cryptography", "mako", "asyncpg"}
    assert {"fastapi", "sqlalchemy", "events.sql_append"} <= again


def test_a_log_in_a_file_loads_nothing_of_postgresql_and_nats(tmp_path: Path) -> None:
    loaded = loaded_by(OPEN, tmp_path)
    assert not loaded & {"asyncpg", "nats", "events.nats_hints", "events.notify_hints"}
    assert not [name for name in loaded if name.startswith("events.postgres")]
