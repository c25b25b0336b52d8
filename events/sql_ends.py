"""The ends of the streams as the writer knows them: read once, then kept from append to append.

Good for as long as the head is where the last append left it: whatever else writes the log moves the head.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from events.envelope import Head
from events.sql_text import Driver, Lookup, Prepared
from events.tables import streams

ENDS_KEPT: Final = 100_000
"""Streams whose ends are kept in memory; when there are more, all are read again as they are needed."""

_NEVER: Final = -(2**63)

_COLUMNS: Final = (
    streams.c.name,
    streams.c.stream_id,
    streams.c.version,
    streams.c.position,
    streams.c.occurred_max,
)
_BY_NAME: Final = Lookup(select(*_COLUMNS), streams.c.name)
_LAST_ID: Final = Prepared(select(func.max(streams.c.stream_id)))
_NEW: Final = Prepared(insert(streams), streams.c.keys())
_MOVE: Final = Prepared(
    update(streams)
    .where(streams.c.stream_id == bindparam("id"))
    .values({name: bindparam(f"to_{name}") for name in ("version", "position", "occurred_max")}),
    ("to_version", "to_position", "to_occurred_max", "id"),
)


@dataclass(slots=True)
class StreamEnd:
    """Where one stream ends."""

    stream_id: int
    version: int = 0
    position: int = 0
    occurred_max: int = _NEVER


class StreamEnds:
    """The ends that one store remembers."""

    def __init__(self) -> None:
        self._head: Head | None = None
        self._ends: dict[str, StreamEnd] = {}

    def take(self, driver: Driver, head: Head, names: Iterable[str]) -> dict[str, StreamEnd]:
        """The ends of these streams (and maybe of others), to be moved on and given back.

        Call it under the head lock, with the head that was read there.
        """
        ends = self._ends if self._head == head and len(self._ends) <= ENDS_KEPT else {}
        # An append that fails half-way gives nothing back, and so leaves none of its numbers behind.
        self._head, self._ends = None, {}
        missing = [name for name in names if name not in ends]
        for name, stream_id, version, position, occurred_max in _BY_NAME.rows(driver, missing):
            ends[name] = StreamEnd(stream_id, version, position, occurred_max)
        return ends

    def keep(self, head: Head, ends: dict[str, StreamEnd]) -> None:
        """Remember the ends as they are at `head`; should that not be committed, they are forgotten."""
        self._head, self._ends = head, ends


def add_streams(driver: Driver, ends: dict[str, StreamEnd], names: Iterable[str]) -> set[str]:
    """Give ids to those of the streams that are new; returns their names."""
    new = [name for name in names if name not in ends]
    if new:
        last = driver.rows(_LAST_ID)[0][0] or 0
        ends.update((name, StreamEnd(number)) for number, name in enumerate(new, start=last + 1))
    return set(new)


def write_ends(
    driver: Driver, ends: dict[str, StreamEnd], names: Iterable[str], new: set[str]
) -> None:
    """Write down where these streams end now."""
    added, moved = [], []
    for name in names:
        end = ends[name]
        place = (end.version, end.position, end.occurred_max)
        if name in new:
            added.append((end.stream_id, name, *place))
        else:
            moved.append((*place, end.stream_id))
    driver.run_all(_NEW, added)
    driver.run_all(_MOVE, moved)
