"""The append in PostgreSQL, in few ways to the server and back: each holds up every other writer of the log.

Four messages: `BEGIN` with the lock of the head row, all that is read, all that is written, `COMMIT`. So there are
three ways there and back between the lock and its release, however many streams, events and keys there are. What
is read is read after the lock, by a statement of its own: one that waits for a lock sees the log as it was before.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import orjson

from events.append_ways import check_head, event_rows
from events.chain import hash_answer
from events.envelope import Append, Head
from events.errors import CorruptLog, LogReplaced
from events.lease_rules import NOBODY
from events.plan import LogView, Plan, StoredAnswer, forgotten_before, plan_appends
from events.postgres_statements import LOCK, LOOK, WRITE, WRITE_MORE
from events.sql_answers import Round
from events.sql_ends import StreamEnd
from events.sql_read import NO_HEAD
from events.sql_rows import to_event
from events.store import Outcome

Result = TypeVar("Result")


class DirectEngines(Protocol):
    """Engines whose driver can be spoken to itself."""

    async def direct(self, first: str, work: Callable[[Any], Awaitable[Result]]) -> Result:
        """Run `work` over the driver's connection, in a transaction that begins with the statement `first`."""


@dataclass(slots=True)
class _Seen:
    """What was read under the lock."""

    view: LogView
    ends: dict[str, StreamEnd]
    last_stream: int


class PostgresAppends:
    """The appends of one store."""

    def __init__(self, engines: DirectEngines) -> None:
        self._engines = engines
        self._round = Round()
        self._types: frozenset[tuple[str, int]] = frozenset()

    async def append(
        self, appends: Sequence[Append], now_us: int, known: Head | None
    ) -> tuple[list[Outcome], Head]:
        """Record a group in one durable transaction; an outcome each, and the head after it.

        Raises:
            LogReplaced: the log does not go on from `known`.
        """

        async def work(driver: Any) -> tuple[list[Outcome], Head, frozenset[tuple[str, int]], str]:
            seen = await _look(driver, appends, now_us, known)
            plan = plan_appends(seen.view, appends)
            types = frozenset((event.type, event.schema_version) for event in plan.events)
            reached = await self._write(driver, seen, plan, types - self._types)
            return plan.outcomes, seen.view.head, types, reached

        outcomes, head, types, reached = await self._engines.direct(LOCK, work)
        # Only now: a transaction that failed has written none of it down.
        self._types |= types
        self._round.after = reached
        return outcomes, head

    async def _write(
        self, driver: Any, seen: _Seen, plan: Plan, new_types: frozenset[tuple[str, int]]
    ) -> str:
        """Write all of it in one statement; returns where the next round goes on."""
        reached = self._round.after
        if not plan.events and not plan.answers:
            return reached
        new = _number_streams(seen, plan)
        values = _events_and_ends(seen, plan, new)
        if not (new or new_types or plan.answers):
            await driver.execute(WRITE, *values)
            return reached
        most = self._round.most(len(plan.answers))
        row = await driver.fetchrow(
            WRITE_MORE,
            *values,
            *_new_streams(seen, new),
            *_new_types(plan, new_types),
            *_answer_columns(plan),
            reached,
            most,
            forgotten_before(seen.view.now_us),
        )
        return self._round.next(row["looked_at"], row["last"], most) if most else reached


async def _look(driver: Any, appends: Sequence[Append], now_us: int, known: Head | None) -> _Seen:
    """Read all that the plan needs, as it is under the lock."""
    wanted = {event.stream for append in appends for event in append.events}
    wanted.update(stream for append in appends for stream in append.expected)
    row = await driver.fetchrow(
        LOOK,
        known.position if known else 0,
        list(wanted),
        [event.event_id.bytes for append in appends for event in append.events],
        sorted({append.idempotency.key for append in appends if append.idempotency}),
        sorted({append.fence.name for append in appends if append.fence}),
        NOBODY,
    )
    if row is None:
        raise CorruptLog(NO_HEAD)
    head = Head(row["epoch"], row["position"], row["hash"], row["recorded_at"])
    check_head(head, known)
    if known and known.position and row["known"] != known.hash:
        raise LogReplaced
    now_us = max(now_us, head.recorded_at_us)
    ends = {name: StreamEnd(*end) for name, *end in row["ends"]}
    recorded = [to_event(found, found[1]) for found in row["recorded"]]
    view = LogView(
        head=head,
        versions={name: end.version for name, end in ends.items()},
        recorded={event.event_id.bytes: event for event in recorded},
        answers=_remembered(row["answers"], now_us),
        now_us=now_us,
        fences=dict(row["fences"]),
    )
    return _Seen(view, ends, row["last_stream"])


def _remembered(rows: Sequence[Any], now_us: int) -> dict[str, StoredAnswer]:
    answers = (
        StoredAnswer(key, fingerprint, answer, tuple(orjson.loads(positions)), recorded_at)
        for key, fingerprint, answer, positions, recorded_at in rows
    )
    return {answer.key: answer for answer in answers if not answer.is_forgotten(now_us)}


def _number_streams(seen: _Seen, plan: Plan) -> list[str]:
    """Give ids to the streams that are new; returns their names."""
    new = [name for name in plan.streams if name not in seen.ends]
    for number, name in enumerate(new, start=seen.last_stream + 1):
        seen.ends[name] = StreamEnd(number)
    return new


def _events_and_ends(seen: _Seen, plan: Plan, new: Sequence[str]) -> list[Any]:
    """The parameters of `WRITE`: the events, column by column, the streams that move, the head."""
    rows, head, added = event_rows(plan, seen.ends), seen.view.head, set(new)
    moved = [seen.ends[name] for name in plan.streams if name not in added]
    return [
        head.position,
        head.recorded_at_us,
        head.hash,
        *_columns(rows, 14),
        *_columns([(e.stream_id, e.version, e.position, e.occurred_max) for e in moved], 4),
    ]


def _new_streams(seen: _Seen, new: Sequence[str]) -> list[list[Any]]:
    ends = ((name, seen.ends[name]) for name in new)
    rows = [(e.stream_id, name, e.version, e.position, e.occurred_max) for name, e in ends]
    return _columns(rows, 5)


def _new_types(plan: Plan, new: frozenset[tuple[str, int]]) -> list[list[Any]]:
    first: Mapping[tuple[str, int], int] = {
        (event.type, event.schema_version): event.position for event in reversed(plan.events)
    }
    return _columns([(*kind, first[kind]) for kind in new], 3)


def _answer_columns(plan: Plan) -> list[list[Any]]:
    rows = []
    for given in plan.answers:
        positions = orjson.dumps(given.positions).decode()
        row = (given.key, given.fingerprint, given.answer, positions, given.recorded_at_us)
        rows.append((*row, hash_answer(*row)))
    return _columns(rows, 6)


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
