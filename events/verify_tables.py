"""What stands beside the events: head, streams and types follow from them; the rest proves itself."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from events.chain import GENESIS, hash_answer, hash_home, hash_lease
from events.envelope import Head
from events.epoch import is_epoch
from events.snapshots import WHOLE_LOG, Snapshot, SnapshotKind, unsealed
from events.verify_report import Findings
from events.verify_rows import Walk, missing

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class SideTables:
    """The small tables, and the last position, as they were at one moment.

    Attributes:
        heads: rows of log_head: id, epoch, position, recorded_at, hash.
        streams: rows of streams: stream_id, name, version, position, occurred_max.
        types: rows of event_types: type, schema_version, position.
        first, last: the ends of the events table; 1 and 0 when it is empty.
    """

    heads: Sequence[Row]
    streams: Sequence[Row]
    types: Sequence[Row]
    first: int
    last: int

    @property
    def names(self) -> Mapping[int, str]:
        """The streams' names by id."""
        return {row[0]: row[1] for row in self.streams}

    @property
    def head(self) -> Head | None:
        """The head row; None unless there is one, and of the right types."""
        if len(self.heads) != 1:
            return None
        _id, epoch, position, recorded_at, hash_ = self.heads[0]
        kinds = (epoch, str), (position, int), (recorded_at, int), (hash_, bytes)
        if not all(isinstance(value, kind) for value, kind in kinds):
            return None
        return Head(epoch, position, hash_, recorded_at)


def read_side_tables(connection: Connection) -> SideTables:
    """Read them all in the transaction of one connection."""

    def rows(sql: str) -> Sequence[Row]:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]

    ends = rows("SELECT coalesce(min(position), 1), coalesce(max(position), 0) FROM events")[0]
    return SideTables(
        heads=rows("SELECT id, epoch, position, recorded_at, hash FROM log_head"),
        streams=rows("SELECT stream_id, name, version, position, occurred_max FROM streams"),
        types=rows("SELECT type, schema_version, position FROM event_types"),
        first=ends[0],
        last=ends[1],
    )


def compare_side_tables(side: SideTables, walk: Walk, findings: Findings) -> None:
    """Hold the small tables against what the walk along the events came to."""
    if side.first < 1:
        findings.add("event", f"an event stands before the first position, at {side.first}")
    _compare_head(side, walk, findings)
    _compare_streams(side, walk, findings)
    _compare_types(side, walk, findings)


def _compare_head(side: SideTables, walk: Walk, findings: Findings) -> None:
    head = side.head
    if head is None or side.heads[0][0] != 1:
        findings.add("head", "log_head does not hold its one row as it must be")
        return
    if not is_epoch(head.epoch):
        findings.add("head", f"the epoch {head.epoch!r} does not fit its check digits")
    if head.position > side.last:
        lost = missing(side.last + 1, head.position)
        findings.add("head", f"the head is {head.position}: {lost}", side.last + 1)
    elif head.position < side.last:
        findings.add("head", f"log_head says {head.position}, the last event is {side.last}")
    elif head.hash != (walk.hash if walk.position else GENESIS):
        findings.add("head", "log_head holds another hash than the last event")
    if head.recorded_at_us != walk.recorded_at:
        findings.add("head", "log_head holds another recorded_at than the last event")


def _compare_streams(side: SideTables, walk: Walk, findings: Findings) -> None:
    for stream_id, name, *stored in side.streams:
        known = walk.streams.get(stream_id)
        if not isinstance(name, str) or known is None:
            findings.add("stream", f"stream {name!r} has no events")
            continue
        derived = (known.version, known.position, known.occurred_max)
        columns = zip(("version", "position", "occurred_max"), stored, derived, strict=True)
        for column, held, right in columns:
            if held != right:
                findings.add("stream", f"stream {name}: {column} is {held!r}, not {right}")


def _compare_types(side: SideTables, walk: Walk, findings: Findings) -> None:
    stored = {(type_name, schema): position for type_name, schema, position in side.types}
    for type_name, schema in sorted(stored.keys() | walk.types.keys(), key=str):
        held, right = stored.get((type_name, schema)), walk.types.get((type_name, schema))
        if held != right:
            what = f"event_types: {type_name} version {schema}"
            findings.add("types", f"{what} is at {held}, its first event at {right}")


ANSWERS: Final = "key, fingerprint, answer, positions, recorded_at, hash"


def check_answers(rows: Iterable[Row], last: int, findings: Findings) -> None:
    """Hold the answers to idempotency keys (the columns `ANSWERS`) against their hashes and the log."""
    for *row, hash_ in rows:
        try:
            is_whole = hash_answer(*row) == hash_
        except (AttributeError, OverflowError, TypeError, struct.error):
            is_whole = False
        if not is_whole:
            findings.add("answer", f"idempotency key {row[0]!r}: its answer was altered")
        elif any(not 0 < position <= last for position in orjson.loads(row[3])):
            findings.add("answer", f"idempotency key {row[0]!r}: its positions are not in the log")


LEASES: Final = "name, holder, fence, expires_at, hash"


def check_leases(rows: Iterable[Row], findings: Findings) -> None:
    """Hold the leases (the columns `LEASES`) against their hashes."""
    for *row, hash_ in rows:
        try:
            is_whole = hash_lease(*row) == hash_
        except (AttributeError, TypeError, struct.error):
            is_whole = False
        if not is_whole:
            findings.add("lease", f"lease {row[0]!r} was altered")


HOME: Final = "id, place, hint_key, hash"


def check_home(rows: Iterable[Row], findings: Findings) -> None:
    """Hold the row that says where the log lives (the columns `HOME`) against its hash."""
    for id_, *row, hash_ in rows:
        try:
            is_whole = id_ == 1 and hash_home(*row) == hash_
        except (AttributeError, TypeError):
            is_whole = False
        if not is_whole:
            findings.add("home", "log_home was altered")


SNAPSHOTS: Final = (
    "s.projection, s.schema, s.stream, s.position, s.occurred_at, s.state, "
    "(SELECT e.stream_id FROM events AS e WHERE e.position = s.position)"
)


def check_snapshots(rows: Iterable[Row], side: SideTables, findings: Findings) -> None:
    """Hold the saved folds (the columns `SNAPSHOTS`) against their seals and the log's streams."""
    names = side.names
    for projection, schema, stream, position, occurred_at, state, stream_id in rows:
        name = f"snapshot {projection!r} of {stream!r} at {position!r}"
        are_texts = all(isinstance(one, str) for one in (projection, schema, stream))
        are_numbers = isinstance(position, int) and isinstance(occurred_at, int)
        if not (are_texts and are_numbers and isinstance(state, bytes)):
            findings.add("snapshot", f"{name}: not stored as it must be")
            continue
        if stream_id is None or stream not in (WHOLE_LOG, names.get(stream_id)):
            findings.add("snapshot", f"{name}: there is no such place in the log")
        kind = SnapshotKind(projection, schema)
        if unsealed(Snapshot(kind, stream, position, occurred_at, state)) is None:
            findings.add("snapshot", f"{name}: it was altered, or another program made it")
