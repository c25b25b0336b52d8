"""Episodes before those that the projection holds are found in the states before it."""

from datetime import timedelta
from itertools import product

import pytest

from app.market import episodes as fold
from app.queries import episode_pages
from app.queries.episodes import episodes, transitions
from app.queries.reader import LogReader
from events.catalog import Payload
from tests.unit.events.builders import new
from tests.unit.market.builders import START
from tests.unit.market.episode_logs import ALL
from tests.unit.market.test_episodes import day

DAYS = 60


def made(symbol: str, every: int) -> list[Payload]:
    """A day's close and regime for many days; the regime is another one every so many."""
    each = [day("100", ALL[k // every % 4], k) for k in range(DAYS)]
    return [payload.model_copy(update={"symbol": symbol}) for pair in each for payload in pair]


async def fill(reader: LogReader) -> None:
    for often, seldom in zip(made("OFTEN", 1), made("SELDOM", 9), strict=True):
        await reader.log.append([new(often), new(seldom)])


TIMES = [None, START + timedelta(days=7.5), START + timedelta(days=31)]
QUESTIONS = list(product([None, "OFTEN", "SELDOM"], TIMES, TIMES, [None, 50, 2 * DAYS + 1]))


async def answers(reader: LogReader) -> list[object]:
    found: list[object] = []
    for symbol, since, until, position in QUESTIONS:
        found += [
            await episodes(
                reader, symbol=symbol, since=since, until=until, position=position, limit=limit
            )
            for limit in (1, 3, 11, 10_000)
        ]
        found.append(
            await transitions(reader, symbol=symbol, since=since, until=until, position=position)
        )
    return found


async def test_every_answer_is_that_of_a_projection_that_holds_them_all(
    reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(reader)
    with monkeypatch.context() as patch:
        patch.setattr(fold, "EPISODES_KEPT", 10 * DAYS)
        whole = LogReader(
            reader.log, reader.live_state, type(reader.episodes)(reader.log, fold), reader.bar_s
        )
        expected = await answers(whole)
    monkeypatch.setattr(fold, "EPISODES_KEPT", 2)
    assert await answers(reader) == expected


async def test_the_newest_are_answered_without_a_look_at_the_past(
    reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold, "EPISODES_KEPT", 5)
    await fill(reader)

    async def refused(position: int) -> None:
        pytest.fail(f"the state at {position} was asked for")

    monkeypatch.setattr(reader.episodes, "at_position", refused)
    assert len((await episodes(reader, symbol="OFTEN", limit=6))["episodes"]) == 6


async def test_no_more_of_a_symbol_are_known_than_the_limit(
    reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold, "EPISODES_KEPT", 4)
    monkeypatch.setattr(episode_pages, "EPISODES_KNOWN", 10)
    await fill(reader)
    found = (await episodes(reader, symbol="OFTEN"))["episodes"]
    assert len(found) == 11  # the one that lasts is one more
    assert found[-1]["end"] is None
