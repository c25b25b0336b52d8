"""What the asking commands share: JSON as on the wire, and which log."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import typer

from app.answers.as_json import json_text
from app.answers.bars import Bar
from app.client.errors import QuestionRefused
from app.client.log import LogHead
from app.commands.ask import asked_log, console, refuse_empty, same_log, say_if_what_if
from app.config import Settings
from app.ingest import TickIngest
from app.market.detector.registry import variant
from app.market.setup import MarketSetup
from app.recorder import open_log
from app.whatif.mark import mark
from events.catalog import DetectorStamp, Regime
from tests.unit.market.builders import bars


def test_json_is_as_on_the_wire() -> None:
    bar = Bar.model_validate_json(
        '{"timestamp":"2008-09-15T21:00:00Z","open":null,"high":null,"low":null,'
        '"close":"1.50","volume":null,"bar_s":86400,"regime":"BEAR"}'
    )
    told = json.loads(
        json_text(
            {
                Regime.BULL: Decimal("1.50"),
                "at": datetime(2008, 9, 15, tzinfo=UTC),
                "day": date(2008, 9, 15),
                "rows": (row for row in [bar]),
                "head": LogHead("e", 3),
            }
        )
    )
    assert told["BULL"] == "1.50"
    assert told["at"] == "2008-09-15T00:00:00.000000Z"
    assert told["day"] == "2008-09-15"
    assert (told["rows"][0]["close"], told["rows"][0]["regime"]) == ("1.50", "BEAR")
    assert told["head"] == {"epoch": "e", "position": 3}


def test_one_log_is_named_and_by_an_address_or_a_file() -> None:
    with pytest.raises(typer.BadParameter, match="not both"), asked_log("a.db", "http://b"):
        pass
    with pytest.raises(typer.BadParameter, match="must look like"), asked_log(None, "b.db"):
        pass


async def test_an_empty_log_is_told_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "synapse.db"
    log = await open_log(Settings(database_url=str(path)))
    await log.close()
    with asked_log(str(path), None) as asked, pytest.raises(QuestionRefused, match="is empty"):
        refuse_empty(asked)


def test_what_is_piped_is_neither_folded_nor_coloured(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("[red]" + "x" * 150 + "[/red]")
    assert capsys.readouterr().out == "x" * 150 + "\n"


@pytest.mark.parametrize(
    ("db", "url", "named"),
    [
        (None, None, ""),
        ("my log.db", None, " --db 'my log.db'"),
        (None, "http://127.0.0.1:8000", " --url http://127.0.0.1:8000"),
    ],
)
def test_the_same_log_is_named_again_and_quoted(
    db: str | None, url: str | None, named: str
) -> None:
    assert same_log(db, url) == named


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("recorded", ""),
        ("variant", "a what-if, never recorded live: made by anchored 2-variant"),
        ("marked", "never recorded live. What if: sma200 1 over the prices of another log."),
    ],
)
async def test_a_saved_what_if_is_told(
    kind: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "synapse.db"
    log = await open_log(Settings(database_url=str(path)))
    ticks = bars(["1", "2", "3"])
    if kind == "marked":
        stamp = DetectorStamp(name="sma200", version="1", constants_hash="8")
        await log.append([mark(stamp, ticks[0].timestamp)])
    setup = MarketSetup()
    if kind == "variant":
        setup = MarketSetup(detector=variant("anchored", {"crash_enter": 0.7}))
    ingest = await TickIngest.open(log, setup=setup)
    await ingest.record(ticks, "import")
    await log.close()
    with asked_log(str(path), None) as asked:
        say_if_what_if(asked)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"synapse: {says}" if says else "")
    assert bool(said.err) is bool(says)
