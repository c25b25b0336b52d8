"""`synapse rebuild`: what is derived from the log is deleted and made again, and starts are short."""

# covers: app.commands.rebuild, app.main

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.cli import main
from events import past as past_module
from tests.integration.served import daily, serving

ROWS = (
    "SELECT projection, stream, position, occurred_at, hex(state) FROM snapshots ORDER BY 1, 2, 3"
)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "SNAPSHOT_EVERY", 20)
    monkeypatch.setattr(past_module, "MARKET_SNAPSHOT_EVERY", 10)


def rebuild(database: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[str, str]:
    with pytest.raises(SystemExit) as left:
        main(["rebuild", "--db", str(database), *flags])
    assert left.value.code == 0
    told = capsys.readouterr()
    return told.out, told.err


def rows(database: Path) -> list[tuple[str, str, int, int, str]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(ROWS).fetchall()


def change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A log with a hundred events or so, as a server left it."""
    with serving(tmp_path) as served:
        served.post_prices(*(daily("SPX", f"{100 + k}", k) for k in range(50)))
        served.post_prices(daily("SPX", "90", 7))
    return tmp_path / "synapse.db"


def test_snapshots_are_made_again_whatever_became_of_them(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rebuild(database, capsys)
    right = rows(database)
    assert {row[0] for row in right} == {"decider", "episodes", "public_state"}
    assert {row[1] for row in right if row[0] == "episodes"} == {""}
    assert {row[1] for row in right} == {"", "prices:SPX", "regime:SPX"}
    change(database, "UPDATE snapshots SET state = x'00'")
    change(database, "UPDATE snapshots SET schema = 'older' WHERE stream <> ''")
    rebuild(database, capsys)
    assert rows(database) == right
    change(database, "DELETE FROM snapshots")
    rebuild(database, capsys)
    assert rows(database) == right


def test_it_tells_what_it_did(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = rebuild(database, capsys)
    assert out.splitlines() == [
        "public_state: rebuilt up to position 102",
        "episodes: rebuilt up to position 102",
        "decider: rebuilt up to position 102",
    ]
    out, _ = rebuild(database, capsys, "--json")
    status = {"phase": "live", "position": 102, "error": None}
    assert json.loads(out) == {
        "head": 102,
        "projections": {"public_state": status, "episodes": status, "decider": status},
    }


def test_a_projection_that_cannot_be_rebuilt_to_the_end_is_told(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(database, "DROP TRIGGER events_refuse_update")
    change(database, "UPDATE events SET schema_version = 9 WHERE position = 31")
    out, _ = rebuild(database, capsys)
    lines = out.splitlines()
    assert lines[0].startswith("public_state: rebuilt up to position 30, parked: ")
    assert lines[1].startswith("episodes: rebuilt up to position 30, parked: ")
    assert lines[2].startswith("decider: rebuilt up to position ")


def test_answers_are_the_same_before_and_after(
    tmp_path: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = ["", "?position=37", "?at=2020-01-20T00:00:00Z", "?at=2020-01-08T21:00:00Z"]

    def answers() -> list[object]:
        with serving(tmp_path) as served:
            return [served.get(f"/api/state{question}") for question in questions]

    before = answers()
    rebuild(database, capsys)
    assert answers() == before
    change(database, "DELETE FROM snapshots")
    assert answers() == before


def test_a_server_that_stops_leaves_the_deciders_state_behind(database: Path) -> None:
    saved = [row for row in rows(database) if row[0] == "decider"]
    assert [(row[1], row[2]) for row in saved] == [("", 102)]


def test_the_deciders_state_is_rebuilt_for_a_server_with_the_same_settings(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def schemas() -> list[object]:
        with closing(sqlite3.connect(database)) as connection:
            asked = "SELECT schema FROM snapshots WHERE projection = 'decider'"
            return list(connection.execute(asked))

    left_by_the_server = schemas()
    rebuild(database, capsys)
    assert schemas() == left_by_the_server


def test_an_empty_log_is_rebuilt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = rebuild(tmp_path / "new.db", capsys)
    assert out.splitlines() == [
        "public_state: rebuilt up to position 0",
        "episodes: rebuilt up to position 0",
        "decider: rebuilt up to position 0",
    ]
