"""A log under test that is used wrongly says so: nothing hangs, and nothing passes for want of events."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from events.errors import PositionBeyondHead
from events.testing import BadExpectation, CaughtUpTimeout, LogUnderTest, Span
from tests.house.tree import ROOT


@pytest.mark.parametrize(
    "opening",
    [
        "",
        "lambda: SqlEventStore.open_sqlite(Path('log.db'), upgrade)",
    ],
)
def test_one_that_is_never_closed_does_not_keep_the_process(opening: str, tmp_path: Path) -> None:
    said = f"""
from pathlib import Path
from app.migrate import upgrade
from events.sql_store import SqlEventStore
from events.testing import LogUnderTest, PriceUpdated
log = LogUnderTest({opening})
log.append(PriceUpdated(symbol="SPX"))
print("appended")
"""
    done = subprocess.run(
        [sys.executable, "-c", said],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("appended\n", "")


async def test_a_cursor_beyond_the_head_is_refused(log: LogUnderTest) -> None:
    with pytest.raises(PositionBeyondHead, match="position 99 is beyond the head, 6"):
        log.follow(after=99)
    with pytest.raises(BadExpectation, match="after=-1: a position"):
        log.follow(after=-1)
    assert [event.position async for event in log.follow(after=6, live=False)] == []


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "5", True])
async def test_what_is_no_time_to_wait_is_refused(log: LogUnderTest, timeout: float) -> None:
    with pytest.raises(BadExpectation, match="seconds, more than 0"):
        await log.caught_up(timeout)


async def test_a_consumer_that_died_is_shown_with_its_error(log: LogUnderTest) -> None:
    async def consumer() -> None:
        async for event in log.follow(name="mine"):
            raise ValueError(f"planted at {event.position}")

    task = asyncio.create_task(consumer())
    await asyncio.wait({task})
    with pytest.raises(
        CaughtUpTimeout, match=r"its consumer ended with ValueError\('planted at 1'\)"
    ):
        await log.caught_up(timeout=0.05)


def test_an_unknown_type_is_refused_where_it_is_read(log: LogUnderTest) -> None:
    with pytest.raises(BadExpectation, match="known for 'regime'"):
        log.read(types=["regime"])
    with pytest.raises(BadExpectation, match="types is a list"):
        log.read(types="regime_update")
    assert [event.position for event in log.read(types=["regime_update"])] == [2, 4]


def test_a_span_is_loaded_once(log: LogUnderTest, span: Span) -> None:
    log.load(span)
    with pytest.raises(BadExpectation, match="holds all of these 101 events already"):
        log.load(span)
    with pytest.raises(BadExpectation, match="there is nothing to load"):
        log.load([])
