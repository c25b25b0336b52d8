"""A log whose recorder dies again and again, checked against that of a recorder that nobody disturbs."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

from events.chain import GENESIS, check_chain
from events.envelope import RecordedEvent
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.integration.recorder_process import Life, Order, Recorder

Content: TypeAlias = list[tuple[UUID, str, int, str]]


def read_log(path: Path) -> list[RecordedEvent]:
    """Everything in a log, its chain checked, read as a program that only reads would."""

    async def read() -> list[RecordedEvent]:
        store = SqlEventStore.read_sqlite(path)
        try:
            return await store.read(ReadQuery(limit=100_000))
        finally:
            await store.close()

    events = asyncio.run(read())
    check_chain(GENESIS, 0, events)
    return events


def content(events: list[RecordedEvent]) -> Content:
    """What must not depend on how often the recorder died: all but commit times and their hashes."""
    return [(each.event_id, each.stream, each.version, each.payload_json) for each in events]


@dataclass(frozen=True)
class Undisturbed:
    """What a recorder that nobody kills records: its events, and where each tick's events end."""

    content: Content
    ends: list[int]


def undisturbed_log(recorder: Recorder, path: Path, bars: int) -> Undisturbed:
    """Record so many bars at `path` without any fault."""
    life = recorder.live(Order(str(path), bars))
    assert (life.closed, life.killed, life.error, len(life.acked)) == (True, False, None, bars)
    return Undisturbed(content(read_log(path)), [0, *life.acked])


@dataclass
class Victim:
    """One log whose recorder is killed again and again, checked against the undisturbed one.

    Attributes:
        acked: how many ticks have been acknowledged so far, over all lives.
        unknown: how often a tick was found recorded that had not been acknowledged.
    """

    path: Path
    undisturbed: Undisturbed
    acked: int = 0
    opened: bool = False
    unknown: int = 0

    def suffer(self, recorder: Recorder, order: Order) -> Life:
        """One more life."""
        life = recorder.live(order)
        assert life.error is None, life.error
        if life.opened_at is not None:
            self.opened = True
            self._check_opening(life.opened_at)
        for position in life.acked:
            self.acked += 1
            assert position == self.undisturbed.ends[self.acked], "a tick is missing or doubled"
        return life

    def _check_opening(self, head: int) -> None:
        ends = self.undisturbed.ends
        allowed = ends[self.acked : self.acked + 2]
        assert head in allowed, f"head {head}, but {self.acked} ticks were acknowledged: {allowed}"
        self.unknown += ends.index(head) - self.acked
        self.acked = ends.index(head)

    def check_log(self) -> None:
        """The log is whole: a beginning of the undisturbed one, with all that was acknowledged."""
        events = read_log(self.path)
        assert content(events) == self.undisturbed.content[: len(events)]
        allowed = self.undisturbed.ends[self.acked : self.acked + 2]
        assert len(events) in allowed, f"{len(events)} events, but {allowed} were acknowledged"

    def check_end(self, recorder: Recorder, bars: int) -> None:
        """Left alone at last, it ends where the undisturbed one did, or stood after so many bars."""
        life = self.suffer(recorder, Order(str(self.path), bars))
        assert (life.closed, life.killed) == (True, False)
        end = self.undisturbed.ends[bars]
        assert content(read_log(self.path)) == self.undisturbed.content[:end]
