"""Killed at any instant, the log holds everything that it acknowledged, and nothing that is broken.

`SYNAPSE_KILLS=500` kills so many times; the seed is printed, `SYNAPSE_KILL_SEED` sets it.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.migrate import upgrade
from events.chain import GENESIS, check_chain
from events.envelope import RecordedEvent
from events.log import EventLog
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.integration.appender import WRITERS, batch

KILLS_USUAL = 30
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Rounds:
    """Processes that are killed one after another, and what they said."""

    starter: "subprocess.Popen[str]"
    rng: random.Random
    acknowledged: set[int] = field(default_factory=set)
    next_number: int = 1

    def _heard(self) -> list[str]:
        assert self.starter.stdout is not None
        line = self.starter.stdout.readline()
        assert line, "the starter has ended"
        return line.split()

    def kill_one(self) -> None:
        """Start a process that appends, and kill it after some acknowledgements, at any moment."""
        assert self.starter.stdin is not None
        self.starter.stdin.write(f"{self.next_number}\n")
        self.starter.stdin.flush()
        word, process = self._heard()
        assert word == "ready"
        heard = [self._heard() for _ in range(self.rng.choice([0, 1, 5, 20]))]
        assert ["over"] not in heard, "it ended by itself"
        # Not a wait for something to happen: the kill comes at any moment of the next commits.
        time.sleep(self.rng.uniform(0, 0.02))
        os.kill(int(process), signal.SIGKILL)
        while (words := self._heard()) != ["over"]:
            heard.append(words)
        for first, last in heard:
            positions = set(range(int(first), int(last) + 1))
            assert not positions & self.acknowledged
            self.acknowledged |= positions
        self.next_number += len(heard) + WRITERS + 1


@pytest.fixture
def rounds(tmp_path: Path) -> Iterator[Rounds]:
    seed = int(os.environ.get("SYNAPSE_KILL_SEED", random.SystemRandom().getrandbits(32)))
    print(f"SYNAPSE_KILL_SEED={seed}")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.integration.appender", tmp_path / "log.db"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as starter:
        yield Rounds(starter, random.Random(seed))
        assert starter.stdin is not None
        starter.stdin.close()


async def reopened(path: Path, after: int) -> list[RecordedEvent]:
    """What the log holds after a restart, through the program's own front door."""
    log = await EventLog.open(await SqlEventStore.open_sqlite(path, upgrade))
    events = [event async for event in log.stream(ReadQuery(after=after, limit=2_000))]
    assert log.head.position == after + len(events)
    if events:
        assert (log.head.hash, log.head.recorded_at_us) == (
            events[-1].hash,
            events[-1].recorded_at_us,
        )
    await log.close()
    return events


def check_versions(events: Sequence[RecordedEvent]) -> None:
    """Every stream is dense."""
    versions: dict[str, int] = {}
    for event in events:
        versions[event.stream] = versions.get(event.stream, 0) + 1
        assert event.version == versions[event.stream]


def check_batches(events: Sequence[RecordedEvent]) -> None:
    """Every batch is there as a whole, side by side, or not at all."""
    place = 0
    while place < len(events):
        number = events[place].event_id.int // 10
        ids = [event.event_id for event in batch(number)]
        assert [event.event_id for event in events[place : place + len(ids)]] == ids
        place += len(ids)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL and no fork")
async def test_killed_at_any_instant_the_log_keeps_what_it_acknowledged(
    tmp_path: Path, rounds: Rounds
) -> None:
    kills = int(os.environ.get("SYNAPSE_KILLS", KILLS_USUAL))
    end_hash, end = GENESIS, 0
    for _ in range(kills):
        rounds.kill_one()
        new_events = await reopened(tmp_path / "log.db", end)
        begin, (end_hash, end) = end, check_chain(end_hash, end, new_events)
        assert max(rounds.acknowledged, default=0) <= end
        # Each writer had at most one append under way, of at most three events.
        unknown = set(range(begin + 1, end + 1)) - rounds.acknowledged
        assert len(unknown) <= WRITERS * 3
    everything = await reopened(tmp_path / "log.db", 0)
    assert check_chain(GENESIS, 0, everything) == (end_hash, end)
    check_versions(everything)
    check_batches(everything)
    assert end > kills
    print(f"FIGURE {kills} kills, {end} events of {WRITERS} writers: 0 acknowledged ones lost")
