"""`synapse episodes`, `transitions`, `explain`, `compare` and `state`, on twenty years of real prices."""

# covers: app.cli_ask, app.cli_episodes, app.cli_explain, app.cli_compare, app.cli_state, app.cli_terminal
# covers: app.cli_help, app.terminal.episode_tables, app.terminal.why, app.terminal.why_view
# covers: app.terminal.compare_view, app.terminal.state_view

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
from app.terminal.why import why
from tests.integration.asked_program import Asking, position_of_crash
from tests.integration.served import Served, daily, new_symbol, serving

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


# --- explain -------------------------------------------------------------------------------------


def test_explain_tells_why_a_shift_came_and_what_it_led_to(ask: Asking, crash: int) -> None:
    said = ask.told("explain", str(crash))
    for part in (
        "SPX  ▼ BEAR (14 %) to ⚠ CRASH (62 %) at 2008-10-02T21:00:00Z",
        "Caused by the price 1,114.28 at 2008-10-02T21:00:00Z",
        ": -4.03 % against 2008-10-01T21:00:00Z",
        "The score crash rose above 0.60: from 0.377 to 0.623.",
        "crash = 0.623",
        "│███████",
        "would lead to",
        "▼ BEAR",
        "critical: SPX went from BEAR to CRASH",
        "sell 16.860648 at 1,099.23 for main",
        f"The strategy of CRASH: capital preservation, 0 % invested. {NO_ADVICE}",
    ):
        assert part in said, part
    assert said == ask.told("explain", "2008-10-02", "--symbol", "SPX"), "the day names it as well"


def test_explain_as_json_has_it_all(ask: Asking, crash: int) -> None:
    found = json.loads(ask.told("explain", str(crash), "--json"))
    assert (found["at_shift"], found["is_shift"]) == (True, True)
    assert found["event"]["position"] == crash
    assert found["tick"]["payload"]["price"] == "1114.28"
    assert found["change"] == pytest.approx(-0.0403, abs=1e-4)
    assert found["crossed"]["score"] == "crash"
    assert found["crossed"]["before"] < found["crossed"]["threshold"] < found["crossed"]["after"]
    assert [each["type"] for each in found["alerts"]] == ["price_alert"]
    assert [each["payload"]["side"] for each in found["trades"]] == ["sell"]
    assert "Not investment advice" in found["disclaimer"]


def test_every_shift_is_explained_by_a_limit_that_was_passed(sample_log: Path) -> None:
    with connect(sample_log) as log:
        shifts = [each for each in log.episodes() if each.previous_regime and not each.warming_up]
        assert len(shifts) > 90
        for each in shifts[::7]:
            crossed = why(log, str(each.position), None).crossed
            assert crossed is not None, each
            assert (crossed.before < crossed.threshold) != (crossed.after < crossed.threshold)


def test_the_last_shift_is_explained_where_nothing_is_asked(ask: Asking) -> None:
    assert ask.told("explain") == ask.told("explain", "last-shift")
    said = ask.told("explain", "--symbol", "SPX").splitlines()[0]
    assert said.startswith("SPX  ⚠ CRASH (44 %) to ▼ BEAR (16 %) at 2018-12-27")


def test_what_is_no_shift_is_explained_by_the_regime_that_holds(ask: Asking, crash: int) -> None:
    said = ask.told("explain", str(crash - 1))
    assert said.startswith("This moment is no shift; the regime that holds there:\nSPX  ▼ BEAR")
    assert "Why it began: synapse explain" in said
    assert "Alerts it caused" not in said
    later = ask.told("explain", "2008-10-10", "--symbol", "SPX")
    assert "SPX  ⚠ CRASH with confidence 100 %, since 2008-10-02T21:00:00Z" in later
    assert f"Why it began: synapse explain {crash}" in later


def test_a_regime_that_nobody_can_explain_says_why(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    symbol = new_symbol()
    served.post_prices(daily(symbol, "10", 0), daily(symbol, "11", 1))
    fields = {"symbol": symbol, "regime": "CRASH", "confidence": 0.9}
    served.post("/api/broadcast/regime", fields)
    said = Asking(served.url, capsys).told("explain", "--symbol", symbol)
    assert "Set by hand." in said
    assert "Not explained: this regime was set by hand." in said
    assert NO_ADVICE in said


# --- compare and state ---------------------------------------------------------------------------


def test_compare_puts_two_moments_side_by_side(ask: Asking) -> None:
    said = ask.told("compare", "2008-09-12", "2008-10-10", "--symbol", "SPX")
    for part in (
        "A: 2008-09-12T21:00:00Z, position",
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
        "The last trades",
        NO_ADVICE,
    ):
        assert part in said, part
    assert (
        "IXIC"
        not in ask.told("state", "--at", "2008-10-10", "--symbol", "SPX").split("price")[1][:200]
    )


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
        ("explain 2008-09-15", "name one of IXIC, SPX"),
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
    assert all(each.rich_help_panel for each in known.values()), "see app.cli_help"
    for name in (command.split()[0] for command in COMMANDS):
        assert f"synapse {name}" in (known[name].epilog or "")
