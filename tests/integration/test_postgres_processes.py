"""Eight processes append to PostgreSQL while four follow: nothing is missed, doubled or reordered.

`SYNAPSE_TEST_APPENDS=2000` makes it longer: so many appends for each writer.
"""

# covers: events.postgres, events.sql_append, events.sql_ends, events.sql_text, events.log

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.envelope import RecordedEvent
from tests.integration.log_checker import faults_of
from tests.postgres import PostgresServer
from tests.unit.events.builders import price, recorded

ROOT = Path(__file__).resolve().parents[2]
WRITERS = 8
FOLLOWERS = ("read", "read", "follow", "follow")
APPENDS = int(os.environ.get("SYNAPSE_TEST_APPENDS", "24"))
EVENTS = WRITERS * 2 * APPENDS
PATIENCE_S = 60 + APPENDS


class Worker:
    """One process of `postgres_worker`."""

    def __init__(self, role: str, url: str, number: int, count: int, folder: Path) -> None:
        self._file = folder / f"{role}{number}"
        arguments = (role, url, str(number), str(count), str(self._file))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.postgres_worker", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def begin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def result(self) -> Any:
        """What it was told, or has seen, once it has ended well."""
        assert self.process.wait(PATIENCE_S) == 0
        return pickle.loads(self._file.read_bytes())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.mark.timeout(PATIENCE_S * 2)
def test_what_eight_write_four_see_whole_once_and_in_order(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.new_database()
    writers = [Worker("write", url, number, APPENDS, tmp_path) for number in range(WRITERS)]
    followers = [
        Worker(role, url, number, EVENTS, tmp_path) for number, role in enumerate(FOLLOWERS)
    ]
    workers = writers + followers
    try:
        for each in workers:
            each.wait_until_ready()
        for each in workers:
            each.begin()
        acknowledged: dict[UUID, int] = {}
        for each in writers:
            acknowledged |= each.result()
        assert len(acknowledged) == EVENTS
        for each in followers:
            assert faults_of(each.result(), acknowledged, EVENTS) == []
    finally:
        for each in workers:
            each.close()


# --- the checker itself -------------------------------------------------------------------------


def a_log() -> list[RecordedEvent]:
    return recorded([price(symbol, second=n) for n in range(4) for symbol in ("A", "B")])


def acknowledged_of(log: list[RecordedEvent]) -> dict[UUID, int]:
    return {event.event_id: event.position for event in log}


def test_a_whole_log_has_no_faults() -> None:
    log = a_log()
    assert faults_of(log, acknowledged_of(log), len(log)) == []


def swap(log: list[RecordedEvent]) -> None:
    log[3], log[4] = log[4], log[3]


def drop_the_last(log: list[RecordedEvent]) -> None:
    log.pop()


def double(log: list[RecordedEvent]) -> None:
    log.insert(3, log[2])


def lose(log: list[RecordedEvent]) -> None:
    del log[2]


def renumber_after_a_loss(log: list[RecordedEvent]) -> None:
    del log[2]
    log[:] = [event._replace(position=number) for number, event in enumerate(log, start=1)]


def alter(log: list[RecordedEvent]) -> None:
    log[2] = log[2]._replace(payload_json=log[2].payload_json.replace("100", "101"))


def repeat_a_version(log: list[RecordedEvent]) -> None:
    log[2] = log[2]._replace(version=1)


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (swap, "came where"),
        (drop_the_last, "7 events came, not 8"),
        (double, "came 2 times"),
        (lose, "position 4 came where 3 belongs"),
        (renumber_after_a_loss, "prices:A version 3 came where 2 belongs"),
        (alter, "the hash chain breaks at position 3"),
        (repeat_a_version, "prices:A version 1 came where 2 belongs"),
    ],
)
def test_a_planted_fault_is_found(plant: Callable[[list[RecordedEvent]], None], said: str) -> None:
    log = a_log()
    acknowledged = acknowledged_of(log)
    plant(log)
    assert said in "\n".join(faults_of(log, acknowledged, 8))


def test_an_acknowledged_append_that_never_came_is_found() -> None:
    log, lost = a_log(), uuid4()
    found = faults_of(log, {**acknowledged_of(log), lost: 3}, len(log))
    assert found == [f"{lost} was acknowledged at 3 and came at none"]
