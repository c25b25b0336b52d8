"""`synapse whatif` and `synapse hindsight`, as an analyst uses them, on a file and over HTTP."""

# covers: app.commands.whatif, app.whatif.save, app.whatif.reading, app.whatif.progress, app.whatif.mark, app.whatif.stopping

import asyncio
import hashlib
import json
import re
import shlex
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.client import connect
from app.config import Settings
from app.feeds.samples import SAMPLES
from app.market.setup import MarketSetup, PaperPortfolio
from app.market.ticks import PriceTick
from app.new_file import RefusedToReplace
from app.recorder import open_log, open_recorder
from app.whatif.mark import marked
from app.whatif.progress import watched
from app.whatif.save import paper_of, save
from events.catalog import PriceUpdate, RegimeUpdate, SystemNotice
from tests.integration.programs import run_cli, run_python
from tests.integration.served import Served, serving

Ran = tuple[int, str, str]
Command = Callable[[str], Ran]
BARS = 900


async def record(path: Path) -> None:
    """A log as two feeds and an import leave it: ready bars, bare ticks, a late price and a correction."""
    recorder = await open_recorder(Settings(database_url=str(path), paper="main=SPX,TICKS"))
    bars = list(islice(SAMPLES["SPX"].bars(), BARS))
    ticks = [
        PriceTick(
            symbol="TICKS",
            price=Decimal(100 + number % 17),
            timestamp=bars[0].timestamp + timedelta(hours=8 * number),
        )
        for number in range(60)
    ]
    late = [
        tick.model_copy(update={"price": Decimal(price), "timestamp": tick.timestamp + shift})
        for tick, price, shift in (
            (ticks[3], "99", timedelta(hours=1)),
            (ticks[5], "98.5", timedelta()),
        )
    ]
    try:
        await recorder.ingest.record(bars[:500], "import")
        await recorder.ingest.record(ticks, "feed:ticks")
        await recorder.ingest.record(bars[500:], "feed:spx")
        await recorder.ingest.record(late, "feed:ticks")
    finally:
        await recorder.close()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whatif") / "synapse.db"
    asyncio.run(record(path))
    return path


@pytest.fixture(scope="module")
def served(log: Path) -> Iterator[Served]:
    with serving(log.parent) as running:
        yield running


@pytest.fixture
def synapse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command in the test's folder; returns the exit code, and what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SYNAPSE_DATABASE_URL", raising=False)

    def run(arguments: str) -> Ran:
        with pytest.raises(SystemExit) as stopped:
            main(shlex.split(arguments))
        said = capsys.readouterr()
        return int(str(stopped.value.code)), said.out, said.err

    return run


def answer(ran: Ran) -> Any:
    assert (ran[0], ran[2]) == (0, ""), ran
    return json.loads(ran[1])


def digest(log: Path) -> str:
    return hashlib.sha256(log.read_bytes()).hexdigest()


# --- whatif -------------------------------------------------------------------------------------


def test_the_recorded_detector_makes_no_difference(log: Path, synapse: Command) -> None:
    code, out, err = synapse(f"whatif --db {log}")
    assert (code, err) == (0, "")
    assert out.count("= no difference") == 2
    assert "900 bars from 1999-01-04" in out
    assert "are the recorded side's, to the last digit" in out
    assert "2 late prices make no regime" in out
    assert "Not investment advice" in out


def test_another_detector_is_laid_beside_it_and_nothing_is_written(
    log: Path, synapse: Command
) -> None:
    before = digest(log)
    asked = f"whatif --db {log} --detector sma200 --symbol SPX --since 2001-01-01"
    code, out, err = synapse(asked)
    assert (code, err) == (0, "")
    assert "What if: sma200 1 (11d458006bf30e18), over 900 prices" in out
    assert "TICKS" not in out
    found = answer(synapse(f"{asked} --json"))
    assert digest(log) == before
    assert (found["saved"], found["constants"], found["no_difference"]) == (None, {}, False)
    symbol = found["symbols"]["SPX"]
    for kind, sign in (("earlier", "<"), ("missed", "-"), ("false", "+")):
        assert out.count(f"{sign} {kind}") == symbol["counts"][kind]
    assert symbol["counts"]["missed"] > 0
    assert symbol["recorded"]["paper"]["value_before"] != "100000"


def test_over_http_it_answers_the_very_same(log: Path, served: Served, synapse: Command) -> None:
    asked = "--detector sma200 --set band=0.05 --set average_bars=100 --json"
    on_file = answer(synapse(f"whatif --db {log} {asked}"))
    over_http = answer(synapse(f"whatif --url {served.url} {asked}"))
    assert on_file == over_http
    assert on_file["detector"]["version"] == "1-variant"
    assert on_file["constants"] == {"band": 0.05, "average_bars": 100}


def test_what_is_saved_is_a_real_log_of_the_same_prices(
    log: Path, tmp_path: Path, synapse: Command
) -> None:
    asked = f"whatif --db {log} --set off_enter=0.35"
    found = answer(synapse(f"{asked} --save other.db --json"))
    saved = tmp_path / "other.db"
    assert (found["saved"]["file"], found["saved"]["prices"]) == ("other.db", BARS + 62)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.db"]
    proof = answer(synapse("verify --db other.db --json"))
    assert (proof["ok"], proof["head"]) == (True, found["saved"]["head"])
    assert proof["epoch"] == found["saved"]["epoch"]
    with connect(log) as old, connect(saved) as new:
        prices = [
            [
                (event.msg_id, event.source, event.payload)
                for event in each.events(channels=["prices"])
            ]
            for each in (old, new)
        ]
        assert sorted(prices[0], key=str) == sorted(prices[1], key=str)
        assert [price for price in prices[0] if price[1] == "import"] == [
            price for price in prices[1] if price[1] == "import"
        ]
        stamps = {
            event.payload.detector.version
            for event in new.events(channels=["regime"])
            if isinstance(event.payload, RegimeUpdate)
        }
        assert stamps == {"2-variant"}
        (mark,) = new.events(limit=1)
        assert isinstance(mark.payload, SystemNotice)
        assert mark.payload.details["reason"] == "what_if"
        assert marked(old) is None
    assert found["saved"]["events"] == found["saved"]["head"]
    for command in ("whatif", "hindsight"):
        assert f"a what-if saved. {mark.payload.text}\n" in synapse(f"{command} --db other.db")[1]
    again = answer(synapse("whatif --db other.db --set off_enter=0.35 --json"))
    assert again["no_difference"] is True
    assert again["symbols"]["SPX"]["recorded"] == found["symbols"]["SPX"]["other"]
    assert all(held["as_shown"] for held in again["symbols"]["SPX"]["portfolios"])


def test_a_saved_variant_can_be_browsed(log: Path, tmp_path: Path, synapse: Command) -> None:
    answer(synapse(f"whatif --db {log} --set off_enter=0.35 --save synapse.db --json"))
    with serving(tmp_path) as running:
        shown = running.get("/api/state")["symbols"]["SPX"]
        assert shown["detector"]["version"] == "2-variant"
        told = running.get("/api/explain?symbol=SPX")
        assert told["explained"] is False
        assert "said by anchored 2-variant" in told["reason"]
        assert len(running.get("/api/episodes?symbol=SPX")["episodes"]) > 3


def test_it_never_saves_over_anything(log: Path, tmp_path: Path, synapse: Command) -> None:
    before = digest(log)
    code, out, err = synapse(f"whatif --db {log} --save {log}")
    assert (code, out) == (2, "")
    assert err == f"synapse: {log} exists already: name another file to save to\n"
    assert digest(log) == before
    (tmp_path / "new.db-wal").touch()
    assert synapse(f"whatif --db {log} --save new.db")[0] == 2


async def test_a_log_that_could_not_be_made_whole_leaves_nothing(log: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.db"

    def broken() -> Iterator[Any]:
        with connect(log) as opened:
            yield from opened.events(channels=["prices"], limit=700)
        raise KeyboardInterrupt

    async def opened(path: Path) -> Any:
        return await open_log(Settings(database_url=str(path)))

    with pytest.raises(KeyboardInterrupt):
        await save(target, broken(), MarketSetup(), opened)
    assert list(tmp_path.iterdir()) == []
    target.touch()
    with pytest.raises(RefusedToReplace):
        await save(target, [], MarketSetup(), opened)


STOPPED = """
import asyncio, os, signal
from pathlib import Path
from app.client import connect
from app.config import Settings
from app.recorder import open_log
from app.market.setup import MarketSetup
from app.whatif.save import save

signal.signal({number}, signal.SIG_IGN if {ignored} else signal.SIG_DFL)  # whatever nohup left behind

def prices():
    with connect({log!r}) as log:
        for place, event in enumerate(log.events(channels=["prices"])):
            if place == 20:
                assert list(Path.cwd().glob(".new.db.*.new"))
                os.kill(os.getpid(), {number})
            yield event

async def opened(path):
    return await open_log(Settings(database_url=str(path)))

asyncio.run(save(Path("new.db"), prices(), MarketSetup(), opened))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_told_to_stop_leaves_nothing(
    number: signal.Signals, log: Path, tmp_path: Path
) -> None:
    code = STOPPED.format(log=str(log), number=int(number), ignored=False)
    ran = run_python(code, folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (128 + number, "")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_is_ignored_stops_nothing(log: Path, tmp_path: Path) -> None:
    code = STOPPED.format(log=str(log), number=int(signal.SIGHUP), ignored=True)
    assert run_python(code, folder=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["new.db"]


def test_the_logs_own_paper_portfolios_are_found(log: Path) -> None:
    with connect(log) as opened:
        found = paper_of(opened.events(types=["trade_execution"]))
        assert found == (PaperPortfolio("main", ("SPX",)),)
        told: list[int] = []
        events = list(watched(opened.events(channels=["prices"]), told.append))
        assert all(isinstance(event.payload, PriceUpdate) for event in events)
        assert (told[0], len(told)) == (events[0].position, 2)


# --- hindsight ----------------------------------------------------------------------------------


def test_hindsight_tells_delays_losses_and_limits(log: Path, synapse: Command) -> None:
    code, out, err = synapse(f"hindsight --db {log} --symbol SPX")
    assert (code, err) == (0, "")
    assert "Bears and crashes by hindsight" in out
    assert "BEAR 2000-12-20" in out
    assert re.search(r"188 bars +271 ", out)
    assert "- missed" in out
    assert "Mind: the labels use the future" in out
    assert "Not investment advice" in out
    found = answer(synapse(f"hindsight --db {log} --symbol SPX --json"))
    bear = next(each for each in found["symbols"]["SPX"]["labels"] if each["label"] == "bear")
    assert bear["said"]["bars"] == 188
    assert bear["said"]["lost"] == pytest.approx(-0.172, abs=1e-3)


def test_hindsight_answers_the_same_over_http_and_within_a_span(
    log: Path, served: Served, synapse: Command
) -> None:
    span = "--since 2001-01-01 --until 2001-12-31 --json"
    on_file = answer(synapse(f"hindsight --db {log} {span}"))
    assert on_file == answer(synapse(f"hindsight --url {served.url} {span}"))
    assert on_file["symbols"]["SPX"]["bars"] == 248
    assert on_file["symbols"]["TICKS"]["bars"] == 0


# --- wrong use ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("whatif --detector gut", "No detector is called 'gut'"),
        (
            "whatif --detector sma200 --set bond=1",
            "it has average_bars (200; 2 to 2520), band (0.03",
        ),
        ("whatif --detector sma200 --set band=2", "band must be a number from 0 to 0.5, not 2"),
        ("whatif --set band", "must be NAME=NUMBER"),
        ("whatif --set a=1 --set a=2", "--set names a twice"),
        ("whatif --symbol NOPE", "no NOPE in this log: it has SPX, TICKS"),
        ("whatif --since 2009-01-01 --until 2008-01-01", "the range ends before it begins"),
        ("whatif --since soon", "--since must be a time such as"),
        ("whatif --since 2030-01-01", "no bar closes from 2030-01-01 to the end"),
        ("whatif --save missing/new.db", "there is no folder missing"),
        ("whatif --save .", "is a folder: name a file in it"),
        ("hindsight --symbol NOPE", "no NOPE in this log: it has SPX, TICKS"),
        ("hindsight --until 1990-01-01", "no bar closes from the beginning to 1990-01-01"),
        ("hindsight --url nowhere", "--url must look like"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    arguments: str, told: str, log: Path, synapse: Command
) -> None:
    which = "" if "--url" in arguments else f" --db {log}"
    code, out, err = synapse(arguments + which)
    assert (code, out) == (2, "")
    assert err.startswith("synapse: ")
    assert told in err
    assert err.count("\n") == 1


def test_a_log_without_events_or_prices_says_so(tmp_path: Path, synapse: Command) -> None:
    async def make() -> None:
        await (await open_log(Settings(database_url=str(tmp_path / "empty.db")))).close()

    asyncio.run(make())
    for command in ("whatif", "hindsight"):
        code, _, err = synapse(f"{command} --db empty.db")
        assert (code, "this log is empty" in err) == (2, True)
        code, _, err = synapse(f"{command} --db none.db")
        assert (code, err) == (2, "synapse: none.db does not exist\n")


def test_in_a_pipe_there_are_words_and_signs_and_no_colours(log: Path, tmp_path: Path) -> None:
    ran = run_cli("whatif", "--db", str(log), "--detector", "sma200", folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\x1b" not in ran.stdout
    assert "- missed" in ran.stdout
