"""A recorded log as the checker of transcripts takes it."""

from collections.abc import Sequence

from app.check.span import Logged, Span
from events.envelope import RecordedEvent
from events.messages import event_text


def span_of(log: Sequence[RecordedEvent], epoch: str | None = None, *, after: int = 0) -> Span:
    """The events after a position; they are to begin right there."""
    return Span(map(logged, log), after=after, epoch=epoch)


def logged(event: RecordedEvent) -> Logged:
    """An event as the wire shows it."""
    places = (event.position, event.stream, event.version)
    return Logged(*places, event.occurred_at_us, event_text(event))
