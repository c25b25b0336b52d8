"""`synapse episodes`, `transitions`, `compare` and `state`, on twenty years of real prices."""

# covers: app.commands.ask, app.commands.episodes, app.commands.compare, app.commands.state, app.commands.groups, app.commands.groups
# covers: app.terminal.episode_tables, app.terminal.compare_view, app.terminal.state_view

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import app as commands
from app.cli import main
from app.client import connect
from app.terminal.look import NO_ADVICE
from tests.integration.asked_program import Asking, position_of_crash
from tests.integration.served import Served, serving

CRASH = ("--since", "2008-09-01", "--until", "2008-12-31")


@pytest.fixture
def ask(sample_log: Path, capsys: pytest.CaptureFixture[str]) -> Asking:
    return Asking(str(sample_log), capsys)


@pytest.fixture(scope="module")
def crash(sample_log: Path) -> int:
    return position_of_crash(sample_log)


@pytest.fixture(scope="module")
def sample_served(sample_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("terminal")
    shutil.copy(sample_log, folder / "synapse.db")
    with serving(folder) as served:
        yield served


# --- episodes and transitions --------------------------------------------------------------------


def test_episodes_are_one_line_each_that_can_be_searched(ask: Asking) -> None:
    lines = ask.told("episodes", "--symbol", "SPX", *CRASH).splitlines()
    found = [line for line in lines if line.startswith("SPX") and "2008-10-02  2008-11-03" in line]
    assert len(found) == 1
    for part in ("⚠ CRASH", "32 d", "22", "-13.3 %", "-23.8 %", "80.9 %", "90 %"):
        assert part in found[0]
    assert sum(line.startswith("SPX") for line in lines) == 11
    assert lines[-1] == "11 episodes. Times are UTC."


def test_episodes_as_json_are_those_of_the_log(ask: Asking, sample_log: Path) -> None:
    found = json.loads(ask.told("episodes", "--symbol", "IXIC", *CRASH, "--json"))
    with connect(sample_log) as log:
        episodes = log.episodes("IXIC", since="2008-09-01", until="2008-12-31")
        assert [each["position"] for each in found] == [each.position for each in episodes]
        assert [each["return"] for each in found] == [each.total_return for each in episodes]


def test_episodes_of_an_earlier_position_and_the_newest_alone(ask: Asking, crash: int) -> None:
    said = ask.told("episodes", "--position", str(crash), "--limit", "1", "--symbol", "SPX")
    assert "still on" in said
    assert said.splitlines()[-1].startswith("1 episode.")


def test_episodes_of_one_regime_are_found(ask: Asking) -> None:
    found = json.loads(ask.told("episodes", "--regime", "CRASH", "--since", "2008-01-01", "--json"))
    assert {each["regime"] for each in found} == {"CRASH"}
    assert min(each["start"] for each in found).startswith("2008-09-29")
    both = ("episodes", "-r", "crash", "-r", "bear", "--symbol", "SPX", *CRASH)
    assert ask.told(*both).splitlines()[-1].startswith("11 episodes")
    newest = ask.told(*both, "--limit", "2").splitlines()
    assert newest[-1].startswith("2 episodes")
    only = ask.told("episodes", "-r", "CRASH", "--symbol", "SPX", *CRASH, "--limit", "1")
    assert "2008-12-01  2008-12-04" in only, "the newest of that regime, not the newest of all"


def test_a_range_without_an_episode_says_so(ask: Asking) -> None:
    assert ask.told("episodes", "--until", "1990-01-01") == "No episode in this range.\n"
    assert ask.told("transitions", "--until", "1990-01-01") == "No episode in this range.\n"


def test_transitions_count_what_followed_what(ask: Asking) -> None:
    lines = ask.told("transitions", "--symbol", "SPX").splitlines()
    crash = next(line for line in lines if "⚠ CRASH" in line)
    assert crash.split()[:2] == ["SPX", "⚠"]
    assert "9 (100 %)" in crash
    found = json.loads(ask.told("transitions", "--symbol", "SPX", "--json"))
    assert found["SPX"]["counts"]["CRASH"] == {"BULL": 0, "BEAR": 9, "SIDEWAYS": 0}


# --- compare and state ---------------------------------------------------------------------------


def test_compare_puts_two_moments_side_by_side(ask: Asking) -> None:
    said = ask.told("compare", "2008-09-12", "2008-10-10", "--symbol", "SPX")
    for part in (
        "A: 2008-09-12T21:00:00Z, of events up to position",
        "▼ BEAR",
        "⚠ CRASH",
        "1,251.70",
        "899.22",
        "-28.2 %",
        "Driven by high21, dv.",
        "crash +7.49",
        "portfolio",
        "4 shifts, 15 alerts",
    ):
        assert part in said, part
    found = json.loads(ask.told("compare", "2008-09-12", "2008-10-10", "--json"))
    assert set(found["symbols"]) == {"SPX", "IXIC"}


def test_compare_with_the_head_where_only_one_is_named(ask: Asking) -> None:
    last = ask.told("compare", "last-shift")
    assert "B: 2018-12-31T21:00:00Z" in last
    with_itself = ask.told("compare", "head", "head", "--symbol", "SPX")
    assert "Between them: 0 events, 0 shifts, 0 alerts, 0 trades." in with_itself
    asked = ask.told("compare", "2008-09-14", "2008-09-29T23:00:00Z", "--symbol", "SPX")
    assert (
        "A: 2008-09-12T21:00:00Z, of events up to position 14271, the last price before 2008-09-14\n"
        in asked
    )
    assert "the last price before 2008-09-29T23:00:00Z\n" in asked
    assert "1 shift," in asked


def test_state_shows_regimes_personas_portfolios_alerts_and_trades(ask: Asking) -> None:
    said = ask.told("state", "--at", "2008-10-10")
    for part in (
        "Market time 2008-10-10T21:00:00Z",
        "--known-at takes an earlier view",
        "Big Pickle says",
        "SELL EVERYTHING! 🔥",
        "capital preservation, 0 % invested",
        "899.22",
        "main",
        "warning: SPX at 909.92",
        "The last 5 alerts (--json has the newest 50):",
        "The last 5 trades, of 41:",
        NO_ADVICE,
    ):
        assert part in said, part


def test_the_state_of_a_symbol_has_no_alerts_and_trades_of_others(ask: Asking) -> None:
    question = ("state", "--at", "2008-10-10", "--symbol", "SPX")
    said = ask.told(*question)
    assert "IXIC" not in said
    assert "The last 5 alerts of SPX (--json has " in said
    found = json.loads(ask.told(*question, "--json"))
    assert {each["symbol"] for each in (*found["alerts"], *found["trades"])} == {"SPX"}


def test_the_day_of_since_is_written_alike_of_one_symbol_and_of_several(ask: Asking) -> None:
    question = ("state", "--at", "2008-10-10")
    for narrowed in ((), ("--symbol", "SPX")):
        lines = ask.told(*question, *narrowed).splitlines()
        row = next(line for line in lines if line.startswith("SPX"))
        assert "  2008-10-02  SELL" in row


def test_an_asked_time_between_two_closes_is_echoed(ask: Asking) -> None:
    said = ask.told("state", "--at", "2008-09-15T12:00:00Z").splitlines()[0]
    assert said == (
        "Asked for 2008-09-15T12:00:00Z; the last price before it: market time"
        " 2008-09-12T21:00:00Z, of events up to position 14271."
    )
    assert ask.told("state", "--at", "2008-09-12").startswith("Market time 2008-09-12T21:00:00Z")


def test_state_takes_every_kind_of_moment(ask: Asking, crash: int, sample_log: Path) -> None:
    def position(*arguments: str) -> int:
        return int(json.loads(ask.told("state", *arguments, "--json"))["position"])

    with connect(sample_log) as log:
        head, shift = log.head().position, log.shift().event.position
    assert position("--at", str(crash)) == position("--position", str(crash)) == crash
    assert position("--at", "head") == position() == head
    assert position("--at", "last-shift") == shift
    assert position("--at", "2008-10-02T21:00:00Z") == position("--at", "2008-10-02") >= crash


def test_what_was_known_by_a_commit_time(ask: Asking) -> None:
    said = ask.told("state", "--at", "2008-10-10", "--known-at", "2008-10-10")
    assert "only what had been recorded by then counts" in said
    assert "Nothing is known of any symbol by then." in said


def test_a_moment_before_the_first_event_is_told(ask: Asking) -> None:
    said = ask.told("state", "--at", "1990-01-01")
    assert said.startswith(
        "Asked for 1990-01-01; nothing had happened by then that was recorded.\n"
    )
    assert "Nothing is known of any symbol by then." in said


# --- over HTTP, and in all ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("episodes", *CRASH),
        ("transitions",),
        ("explain", "2008-10-02", "--symbol", "SPX"),
        ("explain", "--json"),
        ("compare", "2008-09-12", "2008-10-10"),
        ("state", "--at", "2008-10-10"),
    ],
)
def test_a_server_is_asked_like_its_file(
    arguments: tuple[str, ...],
    ask: Asking,
    sample_served: Served,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert Asking(sample_served.url, capsys).told(*arguments) == ask.told(*arguments)


@pytest.mark.parametrize("at", ["2008-10-10T21:00:00Z", None])
def test_the_state_as_json_is_what_the_server_answers(
    at: str | None, sample_served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = ("--at", at) if at else ()
    found = json.loads(Asking(sample_served.url, capsys).told("state", "--json", *moment))
    assert found == sample_served.get(f"/api/state?at={at}" if at else "/api/state")


def test_an_address_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["state", "--url", "here"])
    assert "must look like http://" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("explain yesterday", "a moment must be a position"),
        ("explain 99999999", "position 99999999 is beyond the head"),
        ("explain 2008-09-15", "at 2008-09-15: name one of IXIC, SPX"),
        ("explain 2008-09-15T09:00:00Z", "at 2008-09-15T09:00:00Z: name one of IXIC, SPX"),
        ("explain 2008-09-15T09:00", "2008-09-15T09:00 has no offset: add Z for UTC"),
        ("state --at 2008-09-15T09:00", "2008-09-15T09:00 has no offset: add Z for UTC"),
        ("episodes --regime flat", "'flat' is not one of"),
        ("explain 1990-01-01 --symbol SPX", "no regime was known"),
        ("explain --symbol SPY", "did you mean SPX?"),
        ("compare 2008-01-01 nonsense", "a moment must be a position"),
        ("compare 99999999", "position 99999999 is beyond the head"),
        ("compare 2008-01-01 --symbol NOPE", "it has IXIC, SPX"),
        ("compare", "Missing argument 'A'"),
        ("episodes --since 2009-01-01 --until 2008-01-01", "the range ends before it begins"),
        ("episodes --since 2009", "must be a time such as"),
        ("episodes --limit 0", "--limit"),
        ("transitions --symbol spx", "did you mean SPX?"),
        ("state --at foo", "--at must be a position"),
        ("state --at 5 --position 6", "not both"),
        ("state --at 5 --known-at 2020-01-01", "--known-at goes with a time"),
        ("state --position 99999999", "is beyond the head"),
        ("state --symbol SPY", "did you mean SPX?"),
        ("state --url http://127.0.0.1:9", "either --db or --url, not both"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: str, says: str, ask: Asking) -> None:
    code, out, err = ask(*arguments.split())
    assert (code, out) == (2, "")
    assert err.startswith("synapse: ")
    assert err.count("\n") == 1
    assert says in err


COMMANDS = (
    "tail --no-follow",
    "replay",
    "episodes",
    "transitions",
    "explain",
    "compare 1",
    "state",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_log_that_cannot_be_asked_is_one_line_as_well(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path) as served:
        empty = Asking(served.url, capsys)(*command.split())
    assert (empty[0], empty[1]) == (2, "")
    assert "this log is empty: record something first" in empty[2]
    code, _, err = Asking(served.url, capsys)(*command.split())
    assert (code, err.count("\n")) == (2, 1), "a server that is not there"
    log = tmp_path / "synapse.db"
    with sqlite3.connect(log) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for target, says in ((str(log), "newer"), (str(tmp_path / "none.db"), "does not exist")):
        code, out, err = Asking(target, capsys)(*command.split())
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert says in err


def test_every_command_is_in_a_panel_and_these_have_an_example() -> None:
    known = {each.name: each for each in commands.registered_commands}
    assert all(each.rich_help_panel for each in known.values()), "see app.commands.groups"
    for name in (command.split()[0] for command in COMMANDS):
        assert f"synapse {name}" in (known[name].epilog or "")
