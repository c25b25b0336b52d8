"""A recorded span of a real log, as a file: the export in ndjson, and the causes where they are known.

A line is the message of the socket (`events.messages`), as `GET /api/events?format=ndjson` gives it. What
`save_span` writes has two fields more, `correlation_id` and `causation_id`, which the wire does not tell.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, overload
from uuid import UUID

import orjson
from pydantic import ValidationError

from events.catalog import CATALOG, Payload
from events.envelope import RecordedEvent
from events.messages import event_text
from events.scalars import parse_time
from events.testing.errors import BadExpectation, SpanUnreadable
from events.testing.files import write_lines

_NEEDED: Final = frozenset({"msg_id", "type", "payload", "position", "stream", "version", "source"})


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """One recorded event of a span.

    Attributes:
        correlation_id, causation_id: None also where the file does not tell.
    """

    position: int
    stream: str
    version: int
    event_id: UUID
    type: str
    occurred_at: datetime
    recorded_at: datetime
    source: str
    payload: Payload
    correlation_id: UUID | None = None
    causation_id: UUID | None = None


class Span(Sequence[SpanEvent]):
    """Events that follow one another in a log: `given(*span)`, `log.load(span)`, `assert_log(span)`."""

    def __init__(self, events: Iterable[SpanEvent], name: str = "span") -> None:
        self._events, self.name = tuple(events), name

    @overload
    def __getitem__(self, index: int) -> SpanEvent: ...

    @overload
    def __getitem__(self, index: slice) -> "Span": ...

    def __getitem__(self, index: int | slice) -> "SpanEvent | Span":
        if isinstance(index, slice):
            return Span(self._events[index], self.name)
        return self._events[index]

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[SpanEvent]:
        return iter(self._events)

    def __repr__(self) -> str:
        if not self._events:
            return f"Span({self.name}: empty)"
        first, last = self._events[0].position, self._events[-1].position
        return f"Span({self.name}: {len(self)} events, positions {first} to {last})"

    @property
    def after(self) -> int:
        """The position before its first one."""
        return self._events[0].position - 1 if self._events else 0

    def of(self, *types: str) -> "Span":
        """Its events of some types."""
        return Span((event for event in self if event.type in types), self.name)


def load_span(path: str | Path) -> Span:
    """Read an export in ndjson.

    Raises:
        SpanUnreadable: there is no such file, or a line holds no event of this catalogue.
    """
    path = Path(path)
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise SpanUnreadable(f"{path}: {error.strerror or error}") from error
    if lines and lines[-1]:
        raise SpanUnreadable(f"{path}: its last line has no end: the export was cut off")
    if not lines[:-1]:
        raise SpanUnreadable(f"{path}: it is empty: no event was exported")
    events = [_event(f"{path}, line {n}", line) for n, line in enumerate(lines[:-1], start=1)]
    for one, next_one in itertools.pairwise(events):
        if next_one.position <= one.position:
            raise SpanUnreadable(
                f"{path}: position {next_one.position} stands after {one.position}"
            )
    return Span(events, path.name)


def _event(place: str, line: bytes) -> SpanEvent:
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SpanUnreadable(f"{place}: not JSON: {error}") from None
    if not isinstance(message, dict) or not message.keys() >= _NEEDED:
        raise SpanUnreadable(f"{place}: no message that carries an event")
    entry = CATALOG.get(message["type"])
    if entry is None:
        raise SpanUnreadable(f"{place}: no event type is known for {message['type']!r}")
    try:
        payload = entry.payload_of(orjson.dumps(message["payload"]))
        return SpanEvent(
            position=message["position"],
            stream=message["stream"],
            version=message["version"],
            event_id=UUID(message["msg_id"]),
            type=entry.name,
            occurred_at=payload.timestamp,
            recorded_at=parse_time(message["timestamp"]),
            source=message["source"],
            payload=payload,
            correlation_id=_id(message, "correlation_id"),
            causation_id=_id(message, "causation_id"),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise SpanUnreadable(f"{place}: {entry.name}: {where}: {first['msg']}") from None
    except (ValueError, KeyError) as error:
        raise SpanUnreadable(f"{place}: {error}") from None


def _id(message: Mapping[str, Any], name: str) -> UUID | None:
    return UUID(message[name]) if message.get(name) else None


def save_span(log: Any, path: str | Path, *, after: int = 0, upto: int | None = None) -> int:
    """Write a span of a log to a file, with its causes; returns how many events it has.

    Args:
        log: one under test, or recorded events.
        path: the file; replaced as a whole.
        after: only positions greater than this.
        upto: only positions not greater than this.

    Raises:
        BadExpectation: these are no recorded events, or none of them lies there.
    """
    events = [
        event
        for event in getattr(log, "events", log)
        if _recorded(event).position > after and (upto is None or event.position <= upto)
    ]
    if not events:
        raise BadExpectation(f"no event lies after {after} and up to {upto or 'the head'}")
    write_lines(Path(path), map(span_line, events))
    return len(events)


def _recorded(event: Any) -> RecordedEvent:
    if isinstance(event, RecordedEvent):
        return event
    raise BadExpectation(f"{type(event).__name__} is no recorded event")


def span_line(event: RecordedEvent) -> str:
    """The message that carries an event, with its causes."""
    causation = "null" if event.causation_id is None else f'"{event.causation_id}"'
    message = event_text(event).removesuffix("}")
    return f'{message},"correlation_id":"{event.correlation_id}","causation_id":{causation}}}'
