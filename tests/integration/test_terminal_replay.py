"""`synapse replay`, as a program: in a terminal a moving picture with keys, in a pipe lines at a pace."""

# covers: app.commands.replay, app.terminal.watch

import json
from pathlib import Path

import pytest

from app.answers.as_json import json_text
from app.client import connect
from app.terminal.look import NO_ADVICE
from app.terminal.message import message_of
from tests.integration.asked_program import Asking, Terminal

CRASH = ("--since", "2008-09-01", "--until", "2008-12-31")
ALTERNATE, ORIGINAL, CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


@pytest.fixture
def ask(sample_log: Path, capsys: pytest.CaptureFixture[str]) -> Asking:
    return Asking(str(sample_log), capsys)


def test_in_a_pipe_it_is_a_line_a_shift(ask: Asking) -> None:
    lines = ask.told("replay", *CRASH, "--symbol", "SPX", "--speed", "max").splitlines()
    assert len(lines) == 10
    assert "2008-09-29T21:00:00Z  SPX      ⚠ CRASH from ▼ BEAR, confidence 76 %" in lines[0]
    both = ask.told("replay", *CRASH, "--speed", "3650d/s").splitlines()
    assert len(both) == 16


def test_as_json_it_is_every_event_of_the_range_in_order(ask: Asking, sample_log: Path) -> None:
    said = ask.told(
        "replay", "--since", "2008-10-01", "--until", "2008-10-03", "--json", "--speed", "max"
    )
    with connect(sample_log) as log:
        events = log.events(since="2008-10-01", until="2008-10-03")
        assert said.splitlines() == [json_text(message_of(event)) for event in events]
    assert json.loads(said.splitlines()[0])["occurred_at"].startswith("2008-10-01")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--speed fast", "'fast' is no speed: use 1d/s"),
        ("--speed 0x", "greater than 0"),
        ("--since 2009-01-01 --until 2008-01-01", "the range ends before it begins"),
        ("--since soon", "must be a time such as"),
        ("--symbol SPY", "did you mean SPX?"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: str, says: str, ask: Asking) -> None:
    code, out, err = ask("replay", *arguments.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_a_range_in_which_nothing_happened_says_so(ask: Asking) -> None:
    code, out, err = ask("replay", "--since", "2030-01-01")
    assert (code, out, err) == (0, "", "synapse: nothing was recorded in this range\n")


def test_in_a_terminal_the_chart_moves_keys_work_and_the_end_stays(sample_log: Path) -> None:
    with Terminal("replay", *CRASH, "--speed", "1d/s", "--db", str(sample_log)) as terminal:
        terminal.wait_for(ALTERNATE)
        terminal.wait_for("SPX")
        terminal.wait_for("▶ 1d/s")
        terminal.wait_for("Big Pickle")
        terminal.wait_for(NO_ADVICE)
        assert not terminal.is_as_before(), "keys need no Enter"
        terminal.press(b" ")
        terminal.wait_for("paused")
        terminal.resize(100, 30)
        terminal.press(b"s")
        terminal.wait_for("IXIC")
        terminal.press(b" ")
        for speed in (2, 4, 8, 16, 32, 64):
            terminal.press(b"+")
            terminal.wait_for(f"{speed}d/s")
        terminal.wait_for("ended")
        for last in (ORIGINAL, "IXIC", "2008-12-31T21:00:00Z", NO_ADVICE):
            terminal.wait_for(last)
        assert terminal.ended() == 0
        assert terminal.is_as_before()


def test_all_keys_are_told_and_the_news_begin_with_those_before(sample_log: Path) -> None:
    arguments = (*CRASH, "--symbol", "SPX", "--db", str(sample_log))
    with Terminal("replay", *arguments, columns=140, lines=45) as terminal:
        terminal.wait_for("▶ 1d/s")
        terminal.wait_for("sell 60.323658")
        terminal.wait_for("SPX at 1244.6899 is 20.5 % below its 252-bar high of 1565.15")
        terminal.press(b"?")
        terminal.wait_for("half as fast")
        terminal.press(b"q")
        assert terminal.ended() == 0


def test_a_terminal_that_cannot_draw_gets_lines(sample_log: Path) -> None:
    arguments = (*CRASH, "--speed", "max", "--db", str(sample_log))
    with Terminal("replay", *arguments, kind="dumb") as terminal:
        terminal.wait_for("⚠ CRASH from ▼ BEAR, confidence 76 %")
        assert terminal.ended() == 0


@pytest.mark.parametrize(("leave", "code"), [("q", 0), ("Ctrl-C", 130)])
def test_whoever_leaves_gets_the_terminal_back(leave: str, code: int, sample_log: Path) -> None:
    with Terminal("replay", *CRASH, "--db", str(sample_log), columns=160, lines=50) as terminal:
        terminal.wait_for("▶ 1d/s")
        terminal.wait_for("position")
        if leave == "q":
            terminal.press(b"q")
        else:
            terminal.interrupt()
        terminal.wait_for(CURSOR)
        terminal.wait_for(ORIGINAL)
        assert terminal.ended() == code
        assert terminal.is_as_before()
        assert b"Traceback" not in terminal.seen
