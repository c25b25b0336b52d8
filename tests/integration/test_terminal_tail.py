"""`synapse tail`, as a program: the newest events, those that follow, pipes, lost connections and Ctrl-C."""

# covers: app.commands.tail, app.terminal.followed

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests.integration.asked_program import Asking, line_with, program
from tests.integration.served import PATIENCE_S, Served, daily, new_symbol, serving
from tests.wires import wire_to


@pytest.fixture
def ask(sample_log: Path, capsys: pytest.CaptureFixture[str]) -> Asking:
    return Asking(str(sample_log), capsys)


def test_the_newest_events_are_shown_and_no_repeats(ask: Asking) -> None:
    lines = ask.told("tail", "--no-follow", "--last", "30").splitlines()
    assert len(lines) == 30
    assert not any(" still, " in line for line in lines)
    positions = [int(line.split()[0]) for line in lines]
    assert positions == sorted(positions)
    repeats = ask.told("tail", "--no-follow", "--all", "--last", "30")
    assert "▼ BEAR still, " in repeats


def test_as_many_as_asked_are_found_however_far_back(ask: Asking) -> None:
    lines = ask.told("tail", "--no-follow", "-c", "regime", "-s", "SPX", "-n", "9").splitlines()
    assert len(lines) == 9
    assert all("SPX" in line and " from " in line for line in lines)
    assert "⚠ CRASH from ▼ BEAR" in lines[-2]


def test_of_a_symbol_its_trades_come_and_those_of_others_do_not(ask: Asking) -> None:
    lines = ask.told("tail", "--no-follow", "-s", "SPX", "--since", "2018-11-01").splitlines()
    assert lines
    assert {line[30:38].strip() for line in lines} == {"SPX"}
    assert any(" for main" in line for line in lines)
    named = ask.told("tail", "--no-follow", "-s", "SPX", "-c", "portfolio", "-n", "2")
    assert "% invested" in named


def test_a_range_of_the_past_is_read_to_its_end(ask: Asking) -> None:
    spx = ("-s", "SPX", "-c", "prices")
    days = [
        line[8:18]
        for line in ask.told("tail", *spx, "--until", "2008-10-10", "-n", "3").splitlines()
    ]
    assert days == ["2008-10-08", "2008-10-09", "2008-10-10"], "and it ends without --no-follow"
    between = ask.told("tail", *spx, "--since", "2008-10-09", "--until", "2008-10-10T20:00:00Z")
    assert [line[8:18] for line in between.splitlines()] == ["2008-10-09"]


def test_every_event_as_json_is_the_message_that_the_server_sends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path, paper="main=SPX") as served:
        served.post_prices(*(daily("SPX", f"{100 + n}.50", n) for n in range(20)))
        said = Asking(served.url, capsys).told("tail", "--no-follow", "--json", "--last", "5000")
        assert [json.loads(line) for line in said.splitlines()] == served.events()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--channel bogus", "'bogus' is not one of 'regime'"),
        ("--symbol SPY", "did you mean SPX?"),
        ("--symbol SPY --last 0", "did you mean SPX?"),
        ("--since yesterday", "must be a time such as"),
        ("--since 2018-01-01 --until 2017-01-01", "the range ends before it begins"),
        ("--until 2018-01-01T09:00", "has no offset: add Z for UTC"),
        ("--since 2018-01-01 --last 5", "either --since or --last"),
        ("--last 5001", "--last"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: str, says: str, ask: Asking) -> None:
    code, out, err = ask("tail", *arguments.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


async def test_a_file_is_followed_beside_its_server_until_ctrl_c(tmp_path: Path) -> None:
    symbol = new_symbol()
    with serving(tmp_path) as served:
        async with program("tail", "--db", str(tmp_path / "synapse.db")) as tail:
            assert await line_with(tail.stderr, "this log is empty")
            await asyncio.to_thread(served.post_prices, daily(symbol, "10.50", 0))
            assert "10.50" in await line_with(tail.stdout, symbol)
            tail.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(tail.wait(), PATIENCE_S) == 130
            assert tail.stderr is not None
            assert await tail.stderr.read() == b""


async def test_a_lost_connection_is_told_and_mended_and_nothing_is_missed(served: Served) -> None:
    symbol = new_symbol()
    await asyncio.to_thread(served.post_prices, daily(symbol, "10", 0))
    async with (
        wire_to(served.url) as wire,
        program("tail", "--url", wire.url, "--symbol", symbol, "-c", "prices") as tail,
    ):
        await line_with(tail.stdout, "10.00")
        await asyncio.to_thread(served.post_prices, daily(symbol, "11", 1))
        await line_with(tail.stdout, "11.00")
        wire.cut()
        await asyncio.to_thread(served.post_prices, daily(symbol, "12", 2))
        assert "lost" in await line_with(tail.stderr, "synapse: the connection is ")
        assert "back" in await line_with(tail.stderr, "synapse: the connection is ")
        await line_with(tail.stdout, "12.00")


@pytest.mark.parametrize("shape", [(), ("--json",)])
async def test_who_reads_only_the_first_lines_ends_it_quietly(
    shape: tuple[str, ...], sample_log: Path
) -> None:
    arguments = ("tail", "--no-follow", "--last", "5000", "--db", str(sample_log), *shape)
    async with program(*arguments) as tail:
        assert tail.stdout is not None
        assert await asyncio.wait_for(tail.stdout.readline(), PATIENCE_S)
        # What `head` does: it goes, and the pipe is closed.
        tail.stdout._transport.close()  # type: ignore[attr-defined]
        assert await asyncio.wait_for(tail.wait(), PATIENCE_S) == 0
        assert tail.stderr is not None
        assert await tail.stderr.read() == b""
