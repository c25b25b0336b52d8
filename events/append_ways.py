"""What the two ways to append in SQL have in common (`events.sql_append`, `events.postgres_append`)."""

from collections.abc import Sequence
from typing import Protocol

from events.envelope import Append, Head
from events.errors import LogReplaced
from events.plan import Plan
from events.sql_ends import StreamEnd
from events.sql_text import Values
from events.store import Outcome


class Appends(Protocol):
    """How one engine appends."""

    async def append(
        self, appends: Sequence[Append], now_us: int, known: Head | None
    ) -> tuple[list[Outcome], Head]:
        """Record a group in one durable transaction; an outcome each, and the head after it.

        Raises:
            LogReplaced: the log does not go on from `known`, its newest head that the store has seen.
        """


def check_head(head: Head, known: Head | None) -> None:
    """Make sure that this may be the log that once ended at `known`, as far as the two heads tell.

    Raises:
        LogReplaced: it is another one, or an older state of it.
    """
    if known is None:
        return
    same = (head.position, head.hash) == (known.position, known.hash)
    if head.epoch != known.epoch or not (same or head.position > known.position):
        raise LogReplaced


def event_rows(plan: Plan, ends: dict[str, StreamEnd]) -> list[Values]:
    """The rows to insert, in the order of the table's columns; the ends of their streams move on."""
    rows: list[Values] = []
    for event in plan.events:
        end, occurred_at = ends[event.stream], event.occurred_at_us
        end.version, end.position = event.version, event.position
        end.occurred_max = max(end.occurred_max, occurred_at)
        correlation_id, causation_id = event.correlation_id, event.causation_id
        key = event.event_id.bytes
        row = (
            event.position,
            end.stream_id,
            event.version,
            key,
            event.type,
            event.schema_version,
            occurred_at,
            end.occurred_max,
            event.recorded_at_us,
            event.source,
            key if correlation_id is event.event_id else correlation_id.bytes,
            causation_id.bytes if causation_id else None,
            event.payload_json,
            event.hash,
        )
        rows.append(row)
    return rows
