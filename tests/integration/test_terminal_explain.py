"""`synapse explain`: a shift, what holds at any other moment, and what an alert or a trade stands on."""

# covers: app.commands.explain, app.terminal.why, app.terminal.why_view, app.terminal.why_tables

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from app.client import connect
from app.terminal.look import NO_ADVICE
from app.terminal.why import why
from tests.integration.asked_program import Asking, Terminal, position_of_crash
from tests.integration.served import Served, daily, day, new_symbol


@pytest.fixture
def ask(sample_log: Path, capsys: pytest.CaptureFixture[str]) -> Asking:
    return Asking(str(sample_log), capsys)


@pytest.fixture(scope="module")
def crash(sample_log: Path) -> int:
    return position_of_crash(sample_log)


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
    assert f"No shift at position {crash - 1}; the regime that holds there:\nSPX  ▼ BEAR" in said
    assert "Why it began: synapse explain" in said
    assert "Alerts it caused" not in said
    later = ask.told("explain", "2008-10-10", "--symbol", "SPX")
    assert "SPX  ⚠ CRASH with confidence 100 %, since 2008-10-02T21:00:00Z" in later
    assert f"Why it began: synapse explain {crash}" in later
    assert "No shift at 2008-10-10;" in later


def test_the_command_that_is_printed_asks_the_same_log(
    sample_log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "my log.db"
    shutil.copy(sample_log, elsewhere)
    ask = Asking(str(elsewhere), capsys)
    for question in (("explain", "2008-10-10", "--symbol", "SPX"), ("state", "--at", "2011-08-08")):
        command = re.findall(r"synapse (explain .*)", ask.told(*question))[0]
        words = shlex.split(command)
        assert words[-2:] == ["--db", str(elsewhere)]
        assert "⚠" in ask.told(*words[:-2])


@pytest.mark.parametrize(
    ("of_it", "led_to_it", "then"),
    [
        # A trade comes a bar later, when the regime of that bar may be another one.
        ("sell 15.065835 at 1,166.36", "⚠ CRASH from ▼ BEAR", "It stands on:"),
        ("critical: SPX went from BEAR to CRASH", "⚠ CRASH from ▼ BEAR", "It stands on:"),
        ("warning: SPX closed at 1106.42", "1,106.42", "the regime that holds there:"),
    ],
)
def test_an_alert_or_a_trade_is_explained_by_its_causes_and_its_regime(
    of_it: str, led_to_it: str, then: str, ask: Asking
) -> None:
    crash = ("--since", "2008-09-29", "--until", "2008-09-30", "-s", "SPX")
    line = next(line for line in ask.told("tail", *crash).splitlines() if of_it in line)
    position = int(line.split()[0])
    said = ask.told("explain", str(position))
    about, held = said.split(then)
    assert about.splitlines()[0] == line
    assert led_to_it in about.split("Caused by:")[1]
    assert held.startswith("\nSPX  ⚠ CRASH with confidence 76 %, since 2008-09-29T21:00:00Z")
    found = json.loads(ask.told("explain", str(position), "--json"))
    assert found["about"]["event"]["position"] == position
    assert found["about"]["causes"][-1]["type"] == "price_update"


def test_an_event_of_another_symbol_is_told_with_the_regime_of_the_one_asked_for(
    ask: Asking,
) -> None:
    trade = ("-s", "SPX", "-c", "trades", "--since", "2008-09-30", "--until", "2008-09-30")
    position = ask.told("tail", *trade).split()[0]
    said = ask.told("explain", position, "--symbol", "IXIC")
    assert "the regime that holds there:\nIXIC  ▼ BEAR" in said


def test_a_regime_that_was_only_said_again_is_led_back_to_its_beginning(
    ask: Asking, sample_log: Path, crash: int
) -> None:
    with connect(sample_log) as log:
        repeats = log.events(after=crash, channels=["regime"], symbols="SPX", limit=1)
        (again,) = (each.position for each in repeats)
    said = ask.told("explain", str(again))
    assert "⚠ CRASH still" in said
    assert f"Why it began: synapse explain {crash}" in said


def test_what_the_price_of_a_shift_also_caused_is_told(ask: Asking) -> None:
    said = ask.told("explain", "2008-09-29", "--symbol", "SPX")
    also = said.split("The same price also caused:")[1]
    assert "SPX closed at 1106.42, below every close of the 252 bars before" in also
    assert "⚠ CRASH from" not in also
    found = json.loads(ask.told("explain", "2008-09-29", "--symbol", "SPX", "--json"))
    assert [each["type"] for each in found["also"]] == ["price_alert", "portfolio_update"]


def test_a_regime_that_is_not_the_most_probable_one_is_told_why_it_holds(ask: Asking) -> None:
    shift = ask.told("explain", "2011-08-08", "--symbol", "SPX")
    assert "⚠ CRASH is more probable (55 %), but needs crash above 0.60 (now 0.547)" in shift
    held = ask.told("explain", "2011-08-09", "--symbol", "SPX")
    assert "is more probable" in held
    assert "is more probable" not in ask.told("explain", "2008-10-10", "--symbol", "SPX")
    state = ask.told("state", "--at", "2011-08-08")
    assert "SPX: ⚠ CRASH is more probable (55 %); why ▼ BEAR holds: synapse explain" in state


def test_features_have_words_and_terms_that_are_no_features_their_formula(ask: Asking) -> None:
    said = ask.told("explain", "2008-09-29", "--symbol", "SPX")
    row = next(line for line in said.splitlines() if "|t50| x vol" in line)
    assert "Versus 50-bar average" in row
    assert "low42 x vol" in said
    compared = ask.told("compare", "2008-09-12", "2008-09-29", "--symbol", "SPX")
    assert "Versus 21-bar high" in compared


def test_on_a_narrow_terminal_the_words_stand_beneath(sample_log: Path) -> None:
    arguments = ("--symbol", "SPX", "--db", str(sample_log))
    with Terminal("explain", "2008-09-29", *arguments) as terminal:
        terminal.wait_for("No room here for: weight, before, in words.")
        terminal.wait_for("high21: versus 21-bar high")
        assert terminal.ended() == 0


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


def test_the_change_is_against_the_bar_before_and_not_against_what_came_late(
    served: Served,
) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, "100.00", number) for number in range(30)))
    for number in range(30, 38):  # each followed by one that comes late
        late = {"symbol": symbol, "price": "50.00", "timestamp": day(number, "10:00:00")}
        served.post_prices(daily(symbol, f"{90 - 8 * (number - 30)}.00", number))
        served.post_prices(late)
    with connect(served.url) as log:
        shift = log.episodes(symbol)[1]
        told = why(log, str(shift.position), symbol)
        closes = log.bars(symbol, until=shift.start)
        before = [bar for bar in closes if bar.bar_s is not None][-2]
        assert told.price_before is not None
        assert told.price_before.occurred_at == before.timestamp
        assert shift.start_price is not None
        assert told.change == pytest.approx(float(shift.start_price / before.close) - 1)


def test_a_regime_by_hand_and_the_one_after_it_are_told_as_shifts(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, "100.00", number) for number in range(3)))
    by_hand = {"symbol": symbol, "regime": "CRASH", "confidence": 0.9, "timestamp": day(0)}
    served.post("/api/broadcast/regime", by_hand)
    served.post_prices(daily(symbol, "100.00", 3))
    with connect(served.url) as log:
        first, hand, after = log.episodes(symbol)
        for episode, before in ((hand, first), (after, hand)):
            told = why(log, str(episode.position), symbol)
            assert told.at_shift
            assert told.shift.previous_regime is before.regime
        # Shown from then on, it bears an earlier time: of that time, header and terms are of one regime.
        told = why(log, day(2), symbol)
        assert told.shift.update.regime is told.explanation.regime
