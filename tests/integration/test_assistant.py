"""`synapse mcp`: the official client asks the real program, over standard input and output."""

# covers: app.assistant, app.assistant_server, app.commands.mcp, app.answers.as_json

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import TextContent

from app.assistant import EVENTS_MAX
from app.cli import main
from app.market.strategy import DISCLAIMER
from tests.integration.served import daily, serving

BARS = 60


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market that falls: BULL, then a crash."""
    folder = tmp_path_factory.mktemp("asked")
    with serving(folder, paper="main=SPX") as served:
        closes = [f"{100 * (1.001 if day < 30 else 0.96) ** (day % 30):.2f}" for day in range(BARS)]
        served.post_prices(*(daily("SPX", close, day) for day, close in enumerate(closes)))
    return folder / "synapse.db"


@asynccontextmanager
async def asking(database: Path) -> AsyncIterator[ClientSession]:
    program = StdioServerParameters(
        command=sys.executable, args=["-m", "app.cli", "mcp", "--db", str(database)]
    )
    async with stdio_client(program) as (reads, writes), ClientSession(reads, writes) as session:
        await session.initialize()
        yield session


async def told(session: ClientSession, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await session.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return dict(result.structured_content)


async def test_an_assistant_learns_what_was_known_on_a_morning(recorded: Path) -> None:
    before = recorded.read_bytes()
    async with asking(recorded) as session:
        tools = (await session.list_tools()).tools
        assert {tool.name for tool in tools} == {
            "overview",
            "state_at",
            "episodes",
            "explain",
            "find_events",
            "event",
            "compare",
            "transitions",
            "whatif",
            "hindsight",
        }
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        assert all(tool.description for tool in tools)

        overview = await told(session, "overview")
        assert overview["symbols"]["SPX"]["regime"] == "CRASH"
        episodes = (await told(session, "episodes", symbol="SPX"))["episodes"]
        crash = episodes[-1]
        morning = crash["start"].replace("T21:", "T08:")
        then = await told(session, "state_at", at=morning)
        assert then["symbols"]["SPX"]["regime"] == episodes[-2]["regime"] != "CRASH"
        assert then["disclaimer"] == DISCLAIMER

        why = await told(session, "explain", moment="last-shift", symbol="SPX")
        assert why["event"]["position"] == crash["position"]
        assert why["tick"]["payload"]["price"] == crash["start_price"]
        assert why["explanation"]["scores"]

        compared = await told(session, "compare", a=str(crash["position"] - 1), b="head")
        assert "regime" in compared["symbols"]["SPX"]["changed"]
        event = await told(session, "event", position=crash["position"])
        assert event["event"]["payload"]["regime"] == "CRASH"
    assert recorded.read_bytes() == before


async def test_an_assistant_asks_what_if_and_how_it_was_by_hindsight(recorded: Path) -> None:
    async with asking(recorded) as session:
        found = await told(session, "transitions", symbol="SPX")
        assert found["symbols"]["SPX"]["counts"]["BULL"]
        other = await told(
            session, "whatif", symbol="SPX", detector="sma200", constants={"average_bars": 10}
        )
        assert other["detector"]["version"] == "1-variant"
        assert other["constants"] == {"average_bars": 10}
        assert other["symbols"]["SPX"]["shifts"]
        now = await told(session, "hindsight", symbol="SPX")
        assert {label["label"] for label in now["symbols"]["SPX"]["labels"]} == {"bear", "crash"}
        assert all(each["disclaimer"] == DISCLAIMER for each in (found, other, now))


async def test_events_are_given_in_parts(recorded: Path) -> None:
    async with asking(recorded) as session:
        seen = list[int]()
        after: int | None = 0
        while after is not None:
            page = await told(session, "find_events", channels=["prices"], after=after, limit=25)
            seen += [event["position"] for event in page["events"]]
            after = page["next_after"]
        assert len(seen) == BARS
        assert seen == sorted(set(seen))
        newest = await told(session, "find_events", channels=["prices"], newest=True, limit=1)
        assert [event["position"] for event in newest["events"]] == seen[-1:]
        assert newest["next_after"] is None


async def test_what_makes_no_sense_is_told_in_words(recorded: Path) -> None:
    async with asking(recorded) as session:
        questions: list[tuple[str, dict[str, Any], str]] = [
            ("episodes", {"symbol": "SPY"}, "did you mean SPX"),
            ("state_at", {"at": "yesterday"}, "must be a time such as"),
            (
                "find_events",
                {"since": "2001-01-01", "until": "2000-01-01"},
                "ends before it begins",
            ),
            ("find_events", {"limit": EVENTS_MAX + 1}, "less than or equal to 200"),
            ("event", {"position": 10**9}, "there is no event"),
            ("whatif", {"symbol": "SPX", "detector": "gut"}, "No detector is called"),
            ("hindsight", {"symbol": "SPY"}, "did you mean SPX"),
            ("transitions", {}, "transitions: symbol: Field required"),
            ("state_at", {"position": -1}, "position must be 0 to"),
            ("explain", {"moment": -1}, "a moment must be a position"),
            ("explain", {"moment": True}, "moment: Input should be"),
            ("compare", {"a": 1.5}, "a: Input should be"),
            ("event", {"position": "x", "at": 1}, "no argument 'at': its arguments are position"),
        ]
        for tool, arguments, words in questions:
            result = await session.call_tool(tool, arguments)
            assert result.is_error
            (said,) = result.content
            assert isinstance(said, TextContent)
            assert words in said.text
            assert "\n" not in said.text
            assert "http" not in said.text


async def test_an_argument_that_is_not_known_is_refused_with_those_that_are(recorded: Path) -> None:
    async with asking(recorded) as session:
        for tool in (await session.list_tools()).tools:
            assert tool.input_schema["additionalProperties"] is False
            result = await session.call_tool(tool.name, {"bogus": 1, "symbol_": "SPX"})
            assert result.is_error
            (said,) = result.content
            assert isinstance(said, TextContent)
            known = ", ".join(tool.input_schema["properties"])
            takes = f"its arguments are {known}" if known else "it takes none"
            assert said.text == f"{tool.name} has no argument 'bogus', 'symbol_': {takes}"


async def test_a_moment_may_be_a_number(recorded: Path) -> None:
    async with asking(recorded) as session:
        as_text = await told(session, "explain", moment="60", symbol="SPX")
        assert await told(session, "explain", moment=60, symbol="SPX") == as_text
        compared = await told(session, "compare", a=1, b=60)
        assert (compared["a"]["position"], compared["b"]["position"]) == (1, 60)


def test_without_its_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in ("app.assistant", "app.assistant_server"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(SystemExit) as left:
        main(["mcp"])
    assert left.value.code == 2
    assert "pip install 'regime-synapse[mcp]'" in capsys.readouterr().err
