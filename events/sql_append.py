"""The append as statements of one SQL transaction: read the head, look, plan, insert, move the head.

SQLite's way: a statement costs microseconds there, and the writer's thread runs all of them in a single hop. Where
each one is a way to a server and back, `events.postgres_append` does the same in four messages.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, literal_column, select, update

from events.append_ways import check_head, event_rows
from events.engines import Engines
from events.envelope import Append, Appended, Head, RecordedEvent
from events.plan import LogView, Plan, plan_appends
from events.sql_answers import SqlAnswers
from events.sql_ends import StreamEnd, StreamEnds, add_streams, write_ends
from events.sql_leases import fences_of
from events.sql_rows import EVENT_COLUMNS, StreamNames, to_event
from events.sql_snapshots import note_types
from events.sql_text import Driver, Lookup, Prepared
from events.store import Outcome
from events.tables import events, log_head

_HEAD: Final = (log_head.c.epoch, log_head.c.position, log_head.c.hash, log_head.c.recorded_at)
_HEAD_ROW: Final = log_head.c.id == literal_column("1")
# The transaction has the file for itself: it began with BEGIN IMMEDIATE.
_READ_HEAD: Final = Prepared(select(*_HEAD).where(_HEAD_ROW))
_MOVE_HEAD: Final = Prepared(
    update(log_head)
    .where(_HEAD_ROW)
    .values({name: bindparam(f"to_{name}") for name in ("position", "recorded_at", "hash")}),
    ("to_position", "to_recorded_at", "to_hash"),
)
_BY_ID: Final = Lookup(select(*EVENT_COLUMNS), events.c.event_id)
# Nothing is in the way: it was looked for under the head lock. (Why OR ROLLBACK: see `SQLITE_GUARDS`.)
_EVENT_ROW: Final = Prepared(
    insert(events).prefix_with("OR ROLLBACK", dialect="sqlite"), events.c.keys()
)


class SqlAppends:
    """The appends of one store to a file."""

    def __init__(self, engines: Engines) -> None:
        """What is remembered from append to append is these appends' own."""
        self._engines = engines
        self._names = StreamNames()
        self.ends = StreamEnds()
        self.answers = SqlAnswers()
        self._types: set[tuple[str, int]] = set()

    async def append(
        self, appends: Sequence[Append], now_us: int, known: Head | None
    ) -> tuple[list[Outcome], Head]:
        """Record a group in one durable transaction."""

        def work(connection: Connection) -> tuple[list[Outcome], Head, set[tuple[str, int]]]:
            outcomes, head = append_group(
                connection, self._names, self.ends, self.answers, appends, now_us, known
            )
            appended = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
            recorded = (event for one in appended for event in one.events)
            return outcomes, head, note_types(connection, self._types, recorded)

        outcomes, head, new_types = await self._engines.write(work)
        # Only now: a transaction that failed has written none down.
        self._types |= new_types
        return outcomes, head


def append_group(
    connection: Connection,
    names: StreamNames,
    ends: StreamEnds,
    answers: SqlAnswers,
    appends: Sequence[Append],
    now_us: int,
    known: Head | None = None,
) -> tuple[list[Outcome], Head]:
    """Record a group of appends inside the caller's transaction; returns an outcome each, and the head.

    Raises:
        LogReplaced: the log does not go on from `known`.
    """
    driver = Driver(connection)
    head = Head(*driver.rows(_READ_HEAD)[0])
    check_head(head, known)
    now_us = max(now_us, head.recorded_at_us)
    wanted = {event.stream for append in appends for event in append.events}
    wanted.update(stream for append in appends for stream in append.expected)
    present = ends.take(driver, head, wanted)
    keys = [event.event_id.bytes for append in appends for event in append.events]
    view = LogView(
        head=head,
        versions={name: present[name].version for name in wanted if name in present},
        recorded=_read_recorded(connection, names, keys),
        answers=answers.read(driver, appends, now_us),
        now_us=now_us,
        fences=fences_of(driver, appends),
    )
    plan = plan_appends(view, appends)
    if plan.events:
        _write_plan(driver, plan, present)
        driver.run(_MOVE_HEAD, view.head.position, view.now_us, view.head.hash)
    answers.write(driver, plan.answers, view.now_us)
    ends.keep(view.head, present)
    return plan.outcomes, view.head


def find_events(
    connection: Connection, names: StreamNames, event_ids: Sequence[UUID]
) -> dict[UUID, RecordedEvent]:
    """Those of the events that are recorded, by id."""
    found = _read_recorded(connection, names, [event_id.bytes for event_id in event_ids])
    return {event.event_id: event for event in found.values()}


def _read_recorded(
    connection: Connection, names: StreamNames, keys: Sequence[bytes]
) -> dict[bytes, RecordedEvent]:
    events_found = (
        to_event(row, names.of(connection, row[1])) for row in _BY_ID.rows(Driver(connection), keys)
    )
    return {event.event_id.bytes: event for event in events_found}


def _write_plan(driver: Driver, plan: Plan, ends: dict[str, StreamEnd]) -> None:
    new = add_streams(driver, ends, plan.streams)
    rows = event_rows(plan, ends)
    # Streams before events, which refer to them.
    write_ends(driver, ends, plan.streams, new)
    driver.run_all(_EVENT_ROW, rows)
