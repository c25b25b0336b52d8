"""`synapse export`, as an analyst uses it: from the file and from a server, checked, continued, and refused."""

# covers: app.commands.export, app.exporting.remote

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.analysis.export import ExportFormat
from app.cli import main
from app.client.errors import LogUnavailable
from app.exporting import engine
from app.exporting.asked import Asked
from app.exporting.remote import ServerSource
from events.errors import StoreUnavailable
from events.sql_store import SqlEventStore
from tests.integration.programs import ROOT
from tests.integration.served import Served, daily, serving
from tests.postgres import PostgresServer

Ran = tuple[int, str, str]
Command = Callable[[str], Ran]
ENDINGS = {
    "ndjson": ExportFormat.NDJSON,
    "csv": ExportFormat.CSV,
    "parquet": ExportFormat.PARQUET,
    "arrow": ExportFormat.ARROW,
    "cloudevents.json": ExportFormat.CLOUDEVENTS,
}
EVERY_FORMAT = pytest.mark.parametrize("ending", ENDINGS)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module")
def recorded(home: Path) -> Iterator[Served]:
    with serving(home) as served:
        served.post_prices(*[daily("SPX", f"{50 + number}.5", number) for number in range(40)])
        served.post_prices(*[daily("IXIC", f"{90 - number}.5", number) for number in range(40)])
        yield served


@pytest.fixture
def synapse(
    tmp_path: Path,
    recorded: Served,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Command:
    """Runs a command in the test's folder; FILE and SERVER stand for the log. The exit code, and what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNAPSE_DATABASE_URL", "nothing.db")

    def run(arguments: str) -> Ran:
        named = arguments.replace("FILE", f"--db {home / 'synapse.db'}")
        with pytest.raises(SystemExit) as stopped:
            main(shlex.split(named.replace("SERVER", f"--url {recorded.url}")))
        said = capsysbinary.readouterr()
        return int(str(stopped.value.code)), said.out.decode(), said.err.decode()

    return run


def told(ran: Ran, code: int = 0) -> Any:
    assert (ran[0], ran[2]) == (code, ""), ran
    return json.loads(ran[1])


def refused(ran: Ran) -> str:
    """The one line that says why not."""
    code, out, err = ran
    assert (code, out, len(err.splitlines())) == (2, "", 1), ran
    return err


@EVERY_FORMAT
def test_the_file_and_the_server_give_the_same_bytes(
    synapse: Command, tmp_path: Path, ending: str
) -> None:
    asked = "-s SPX --channel prices --channel regime --since 2020-01-05 --until 2020-01-20"
    file = told(synapse(f"export a.{ending} FILE {asked} --json"))
    server = told(synapse(f"export b.{ending} SERVER {asked} --json"))
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    assert {**file, "file": 0, "made_at": 0} == {**server, "file": 0, "made_at": 0}
    assert file["format"] == ENDINGS[ending]
    assert file["events"] == 32
    assert file["selection"]["since"] == "2020-01-05T00:00:00.000000Z"
    assert json.loads((tmp_path / f"b.{ending}.manifest.json").read_text()) == server
    for log in ("FILE", "SERVER"):
        assert told(synapse(f"export --check b.{ending}.manifest.json {log} --json"))["ok"]


@pytest.mark.parametrize("log", ["FILE", "SERVER"])
def test_an_export_is_continued(
    synapse: Command, recorded: Served, tmp_path: Path, log: str
) -> None:
    first = told(synapse(f"export 1.csv {log} -s SPX --channel prices --limit 30 --json"))
    assert (first["events"], first["to"] == first["last_position"]) == (30, True)
    second = told(synapse(f"export 2.csv {log} --continue 1.csv.manifest.json --json"))
    assert (second["events"], second["from"], second["from_hash"]) == (
        10,
        first["to"],
        first["to_hash"],
    )
    nothing = told(synapse(f"export 3.csv {log} --continue 2.csv.manifest.json --json"))
    assert (nothing["events"], nothing["from"], nothing["to"]) == (
        0,
        second["to"],
        recorded.head(),
    )
    whole = told(synapse(f"export all.csv {log} -s SPX --channel prices --json"))
    lines = [(tmp_path / f"{name}.csv").read_bytes().splitlines() for name in (1, 2, "all")]
    assert lines[0] + lines[1][1:] == lines[2]
    assert whole["to_hash"] == second["to_hash"]
    for number in (1, 2, 3):
        assert told(synapse(f"export --check {number}.csv.manifest.json {log} --json"))["ok"]


def test_a_changed_file_and_another_log_are_failed_checks(synapse: Command, tmp_path: Path) -> None:
    synapse("export a.ndjson FILE")
    text = (tmp_path / "a.ndjson").read_text()
    (tmp_path / "a.ndjson").write_text(text.replace('"50.5"', '"51.5"'))
    for log in ("FILE", "SERVER", "--without-log"):
        code, out, err = synapse(f"export --check a.ndjson.manifest.json {log}")
        assert (code, err) == (1, "")
        assert out.startswith("NOT PROVEN: a.ndjson.manifest.json\n  file: the SHA-256 of a.ndjson")
    shown = told(synapse("export --check a.ndjson.manifest.json FILE --json"), code=1)
    assert [each["what"] for each in shown["findings"]] == ["file"]
    (tmp_path / "a.ndjson").write_text(text)
    with serving(tmp_path) as other:
        other.post_prices(*[daily("SPX", f"{50 + number}.5", number) for number in range(90)])
        code, out, _err = synapse("export --check a.ndjson.manifest.json --db synapse.db")
        assert (code, "log: the log is in lifetime" in out) == (1, True)
        went_on = synapse("export b.ndjson --db synapse.db --continue a.ndjson.manifest.json")
        assert "this is not the log that the export was made of" in refused(went_on)


def test_what_is_told_is_what_was_looked_at(synapse: Command) -> None:
    """The events' own positions, and the range that was gone through; what was compared, and what was not."""
    written = synapse("export a.csv FILE -s IXIC --channel prices --limit 30")[1]
    manifest = told(synapse("export --check a.csv.manifest.json FILE --json"))["manifest"]
    first, last = manifest["first_position"], manifest["last_position"]
    assert first > 1
    held = f"  file: 30 events (positions {first} to {last}), {manifest['bytes']} bytes, SHA-256 "
    covered = f"  log: all that matches in positions 1 to {last} of epoch {manifest['epoch']}"
    lines = written.splitlines()
    assert lines[0] == "written: a.csv"
    assert lines[1:] == [held + manifest["sha256"], f"{covered}, hash {manifest['to_hash']}"]
    proven = synapse("export --check a.csv.manifest.json FILE")[1].splitlines()
    assert proven[0] == "proven: a.csv"
    assert proven[1] == f"{lines[1]}: as the manifest tells"
    assert (
        proven[2]
        == f"{covered}: the same lifetime, the same hashes at both ends and at the head then"
    )
    assert proven[3].endswith("encoded again from the log, is this file, byte for byte")
    alone = synapse("export --check a.csv.manifest.json --without-log")[1].splitlines()
    assert alone[0] == "agrees with its manifest, NOT PROVEN against a log: a.csv"
    assert alone[1:2] == proven[1:2]
    assert alone[2].startswith("  log: not looked at")
    synapse("export b.csv FILE --continue a.csv.manifest.json")
    went_on = synapse("export --check b.csv.manifest.json FILE")[1]
    assert "goes on after: a.csv.manifest.json: it begins where that ends" in went_on
    Path("a.csv.manifest.json").unlink()
    went_on = synapse("export --check b.csv.manifest.json FILE")[1]
    assert "goes on after: a.csv.manifest.json: not here, so not looked at" in went_on


@EVERY_FORMAT
@pytest.mark.parametrize("log", ["FILE", "SERVER"])
def test_a_forged_file_with_a_manifest_that_fits_is_not_proven(
    synapse: Command, tmp_path: Path, ending: str, log: str
) -> None:
    """Another symbol's prices given out as this one's: only the log can tell."""
    mine = told(synapse(f"export a.{ending} FILE -s SPX --channel prices --json"))
    told(synapse(f"export b.{ending} FILE -s IXIC --channel prices --json"))
    place = tmp_path / f"b.{ending}.manifest.json"
    forged = json.loads(place.read_text())
    place.write_text(json.dumps({**forged, "selection": mine["selection"]}))
    assert synapse(f"export --check b.{ending}.manifest.json --without-log")[0] == 0
    shown = told(synapse(f"export --check b.{ending}.manifest.json {log} --json"), code=1)
    assert (shown["ok"], shown["compared"], shown["log_checked"]) == (False, None, True)
    (finding,) = shown["findings"]
    assert (finding["what"], "not what the log gives" in finding["text"]) == ("log", True)
    honest = told(synapse(f"export --check a.{ending}.manifest.json {log} --json"))
    assert honest["compared"] == "bytes"


WRONG = [
    ("export", "name a FILE"),
    ("export a.txt FILE", "name its format with --format"),
    ("export a.arrows FILE", "name its format with --format"),
    ("export a.csv FILE -s SPY", "no SPY in this log: it has IXIC, SPX; did you mean SPX?"),
    ("export a.csv SERVER -s SPY", "no SPY in this log: it has IXIC, SPX; did you mean SPX?"),
    ("export a.csv FILE --since 2021-01-01 --until 2020-01-01", "ends before it begins"),
    ("export a.csv SERVER --after 9 --before 3", "ends before it begins"),
    ("export a.csv FILE --after 99999", "position 99999 is beyond the head"),
    ("export a.csv SERVER --after 99999", "position 99999 is beyond the head"),
    ("export a.csv FILE --since yesterday", "--since must be a time such as"),
    ("export a.csv FILE --type tick", "no type tick: there are regime_update"),
    ("export a.csv FILE --channel tick", "'tick' is not one of"),
    ("export a.csv --db gone.db", "gone.db does not exist"),
    ("export a.csv --url ftp://x", "--url must look like"),
    ("export a.csv FILE SERVER", "either --db or --url"),
    ("export a.csv --url http://127.0.0.1:9", "http://127.0.0.1:9"),
    ("export no/such/a.csv FILE", "no/such/a.csv.part: No such file or directory"),
    ("export - FILE --json", "standard output has the events"),
    ("export a.csv FILE --without-log", "--without-log goes with --check"),
    ("export a.csv --check b FILE", "--check takes no FILE"),
    ("export --check gone.json FILE", "gone.json: No such file or directory"),
    ("export a.csv --continue gone.json FILE", "gone.json: No such file or directory"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_wrong_use_is_one_line(synapse: Command, tmp_path: Path, arguments: str, said: str) -> None:
    assert said in refused(synapse(arguments))
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_the_way_and_what_does_not_go_together_is_refused(synapse: Command) -> None:
    synapse("export a.csv FILE")
    assert "a.csv exists already" in refused(synapse("export a.csv FILE"))
    assert "a.csv exists already" in refused(synapse("export a.csv SERVER"))
    assert synapse("export a.csv FILE --force --limit 2")[0] == 0
    went_on = "export b.csv FILE --continue a.csv.manifest.json"
    assert "goes on with the selection" in refused(synapse(f"{went_on} -s SPX"))
    assert "goes on with the selection" in refused(synapse(f"{went_on} --after 3"))
    assert "is no manifest" in refused(synapse("export b.csv FILE --continue a.csv"))


def test_the_log_itself_is_never_replaced(synapse: Command, tmp_path: Path) -> None:
    with serving(tmp_path):
        pass
    log = tmp_path / "synapse.db"
    before = log.read_bytes()
    said = refused(synapse("export synapse.db --format csv --db synapse.db --force"))
    assert "is the log itself" in said
    assert log.read_bytes() == before


def test_an_empty_selection_is_an_export_of_nothing(synapse: Command) -> None:
    assert told(synapse("export a.csv FILE --until 1990-01-01 --json"))["events"] == 0
    assert synapse("export --check a.csv.manifest.json SERVER")[0] == 0


@pytest.mark.parametrize("log", ["FILE", "SERVER"])
def test_standard_output_has_the_events_alone(synapse: Command, tmp_path: Path, log: str) -> None:
    synapse("export a.ndjson FILE -s IXIC")
    code, out, err = synapse(f"export - {log} -s IXIC")
    assert (code, out, err) == (0, (tmp_path / "a.ndjson").read_text(), "")
    assert synapse(f"export - {log} --format csv --limit 2")[1].count("\r\n") == 3
    rest = synapse(f"export - {log} --continue a.ndjson.manifest.json")
    assert rest == (0, "", "")


def test_whoever_reads_a_little_of_a_pipe_is_let_go(recorded: Served, home: Path) -> None:
    """`synapse export - | head -1`."""
    assert recorded.head() > 1
    command = [sys.executable, "-m", "app.cli", "export", "-", "--db", str(home / "synapse.db")]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.close()
    _, err = program.communicate(timeout=40)
    assert (program.returncode, err) == (0, b"")


@EVERY_FORMAT
def test_a_download_that_is_cut_off_leaves_nothing(
    synapse: Command, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "EXPORT_PAGE_EVENTS", 20)
    for name in ("read", "read_columns", "read_texts"):
        _fail_at_third(monkeypatch, name)
    code, _server_says, err = synapse(f"export a.{ending} SERVER")
    assert (code, "cut the download off" in err, len(err.splitlines())) == (2, True, 1)
    assert list(tmp_path.iterdir()) == []


def _fail_at_third(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real, reads = getattr(SqlEventStore, name), 0

    async def faulty(store: SqlEventStore, *arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        if reads == 3:
            raise StoreUnavailable("the disk is gone")
        return await real(store, *arguments)

    monkeypatch.setattr(SqlEventStore, name, faulty)


def test_a_log_in_postgresql_is_exported_too(
    synapse: Command, postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.new_database()
    # Without hints: served in this process, they would write their line between those of the command.
    with serving(tmp_path, database_url=url, hints="poll") as served:
        served.post_prices(*[daily("SPX", f"{50 + number}.5", number) for number in range(9)])
        shown = told(synapse(f"export a.parquet --db '{url}' -s SPX --json"))
        assert (shown["head"], shown["last_position"]) == (served.head(), served.head())
        assert told(synapse(f"export --check a.parquet.manifest.json --db '{url}' --json"))["ok"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, headers={"content-type": "text/csv"}), "does not tell what"),
        (httpx.Response(200, text="<html>"), "does not answer like a Synapse server"),
        (httpx.Response(404), "does not answer like a Synapse server"),
    ],
)
async def test_a_server_that_is_none_of_ours_is_told_so(answer: httpx.Response, said: str) -> None:
    transport = httpx.MockTransport(lambda _request: answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://other") as http:
        with pytest.raises(LogUnavailable, match=said):
            async with ServerSource(http).begin(ExportFormat.CSV, Asked()):
                pass
