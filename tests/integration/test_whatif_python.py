"""`what_if` and `hindsight` from Python: the answers of the commands, as tables, and cut to size for an assistant."""

# covers: app.whatif.ask, app.whatif.answers, app.whatif.told, app.whatif.tables, app.whatif.notes, app.whatif.hindsight_tables

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.analysis.regime_bars import ToldEvent
from app.analysis.whatif import what_if as run_what_if
from app.answers.as_json import json_text
from app.client import Log, QuestionRefused, connect
from app.feeds.samples import SAMPLES
from app.market.detector.registry import detector
from app.market.setup import MarketSetup
from app.market.state import initial
from app.whatif import hindsight, what_if
from app.whatif.hindsight_tables import show as show_hindsight
from app.whatif.notes import never_said
from app.whatif.tables import show as show_what_if
from app.whatif.told import (
    ROWS_MAX,
    STATE_EVENTS_MAX,
    hindsight_told,
    plain,
    state_told,
    what_if_told,
)
from events.catalog import Regime
from tests.integration.programs import run_cli
from tests.unit.market.builders import flat, play

CRISIS: dict[str, Any] = {"symbol": "SPX", "since": "2007-10-01", "until": "2009-06-30"}
CHARACTERS_MAX = 10_000


@pytest.fixture(scope="module")
def log(sample_log: Path) -> Iterator[Log]:
    with connect(sample_log) as opened:
        yield opened


def test_python_answers_what_the_commands_print(log: Log, sample_log: Path, tmp_path: Path) -> None:
    span = ("--symbol", "SPX", "--since", "2007-10-01", "--until", "2009-06-30", "--json")
    asked = ("whatif", "--db", str(sample_log), "--set", "band=0.05", "--detector", "sma200")
    printed = json.loads(run_cli(*asked, *span, folder=tmp_path).stdout)
    assert printed.pop("saved") is None
    assert printed == plain(what_if(log, "sma200", {"band": 0.05}, **CRISIS))
    told = run_cli("hindsight", "--db", str(sample_log), *span, folder=tmp_path).stdout
    assert json.loads(told) == plain(hindsight(log, **CRISIS))


def test_days_and_times_may_be_python_values(log: Log) -> None:
    found = hindsight(
        log, symbol="SPX", since=date(2008, 1, 2), until=datetime(2008, 1, 4, 21, tzinfo=UTC)
    )
    assert found.symbols["SPX"].bars == 3


def test_shifts_and_labels_are_tables(log: Log) -> None:
    found = what_if(log, "sma200", **CRISIS)
    shifts = found.shifts.to_pandas()
    assert list(shifts.columns[:3]) == ["symbol", "kind", "regime"]
    assert len(shifts) == sum(found.symbols["SPX"].counts.values())
    assert shifts["bars"].min() == -39
    bear = found.labels[0]
    assert (bear.label, bear.recorded_bars, bear.other_bars) == ("bear", 68, 29)
    assert len(found.labels.to_polars()) == 7
    labels = hindsight(log, **CRISIS).labels
    assert (labels[0].said, labels[0].delay_bars) == (Regime.BEAR, 68)
    assert (labels[1].said, labels[1].delay_bars, labels[1].lost) == (None, None, None)
    frame = labels.to_pandas()
    assert frame["bars_after_known"].dropna().tolist() == [-120, 0, 0, -32, 8]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"detector": "gut"}, "No detector is called 'gut'"),
        ({"detector": "sma200", "constants": {"bond": 1}}, "it has average_bars"),
        ({"symbol": "SPY"}, "did you mean SPX"),
        ({"since": "soon"}, "since: must be a time such as"),
        ({"since": datetime(2008, 1, 1)}, "has no offset"),  # that is the fault
        ({"since": "2009-01-01", "until": "2008-01-01"}, "ends before it begins"),
        ({"since": "2030-01-01"}, "no bar closes"),
        ({"bar_s": 0}, "bar_s must be from 1"),
        ({"cash": Decimal(0)}, "cash must be more than 0"),
        ({"fee": Decimal("NaN")}, "fee must be from 0 to 0.1"),
    ],
)
def test_what_makes_no_sense_is_refused(log: Log, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(QuestionRefused, match=re.escape(words)):
        what_if(log, **asked)


# --- for assistants -----------------------------------------------------------------------------


def test_answers_for_assistants_are_cut_and_say_so(log: Log) -> None:
    other = what_if_told(what_if(log, "sma200", symbol="SPX"))
    spx = other["symbols"]["SPX"]
    assert len(json_text(other)) < CHARACTERS_MAX
    assert len(spx["shifts"]) == ROWS_MAX
    assert spx["left_out"]["shifts"] == sum(spx["counts"].values()) - ROWS_MAX
    now = hindsight_told(hindsight(log, symbol="SPX"))
    assert len(json_text(now)) < CHARACTERS_MAX
    assert len(now["symbols"]["SPX"]["episodes"]) == ROWS_MAX
    assert now["symbols"]["SPX"]["left_out"]["episodes"] > 0
    both = what_if_told(what_if(log, "sma200"))["symbols"]
    assert {row["symbol"] for row in both["IXIC"]["shifts"]} == {"IXIC"}


def test_a_state_for_assistants_has_the_newest_of_the_symbol(log: Log) -> None:
    state = plain(log.state(at="2008-10-10", symbol="SPX"))
    told = state_told(dict(state), "SPX")
    assert len(json_text(told)) < CHARACTERS_MAX
    for name in ("alerts", "trades"):
        of_it = [each for each in state[name] if each["symbol"] == "SPX"]
        assert told[name] == of_it[-STATE_EVENTS_MAX:]
        assert len(of_it) > STATE_EVENTS_MAX
    assert told["left_out"] == ["alerts", "trades"]
    early = state_told(plain(log.state(position=3, symbol="SPX")), "SPX")
    assert early["left_out"] == []


# --- tables -------------------------------------------------------------------------------------


def shown(columns: int) -> Console:
    return Console(file=StringIO(), width=columns, force_terminal=True, color_system=None)


def printed(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_narrow_terminal_has_the_needed_columns_and_names_the_others(log: Log) -> None:
    narrow, wide = shown(80), shown(160)
    for console in (narrow, wide):
        show_hindsight(hindsight(log, **CRISIS), console)
        show_what_if(what_if(log, "sma200", **CRISIS), {}, console)
    text = printed(narrow)
    assert max(map(len, text.splitlines())) <= 80
    assert "No room here for: bottom, could be known, days, to come." in text
    assert "…" not in text
    assert re.search(r"bear +2007-10-09 +-51\.9 % +▼ BEAR 2008-01-16 +68 bars +-120 bars", text)
    assert "No room here for" not in printed(wide)


def test_a_regime_that_one_side_never_says_is_told_once(log: Log) -> None:
    console = shown(100)
    show_what_if(what_if(log, "sma200", **CRISIS), {}, console)
    text = printed(console)
    assert text.count("sma200 never says CRASH here: missed are 6 into it, and 6 out of it") == 1
    assert re.search(r"- missed +▼ BEAR +2008-09-30 +- +▼ BEAR already", text)
    assert "paper money, SPX's share before" in text
    assert " 1 bars" not in text


def test_a_regime_that_only_the_other_side_says_makes_false_shifts() -> None:
    averages = initial(MarketSetup(detector=detector("sma200")))
    batches = play(islice(SAMPLES["SPX"].bars(), 900), averages)[1]
    told = [ToldEvent(event.source, event.payload) for event in flat(batches)]
    found = run_what_if(told, MarketSetup()).symbols["SPX"]
    line = next(line for line in never_said(found, "anchored") if "SIDEWAYS" in line)
    into = sum(pair.kind == "false" and pair.regime is Regime.SIDEWAYS for pair in found.shifts)
    assert into > 0
    assert line.startswith(f"the log never says SIDEWAYS here: false are {into} into it, and ")
