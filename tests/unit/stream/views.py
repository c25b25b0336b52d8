"""A connection that only tells about itself, for the tests of what shows connections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.metrics import Way
from events.catalog import Channel


@dataclass(eq=False)
class View:
    """A `ConnectionView` with plain attributes."""

    id: str = "c-1"
    way: Way = Way.WS
    channels: Sequence[Channel] = (Channel.REGIME,)
    symbols: Sequence[str] | None = None
    user_id: str | None = None
    since: datetime = datetime(2026, 1, 16, 12, tzinfo=UTC)
    position: int | None = None
    messages_sent: int = 0
    bytes_sent: int = 0
    parked: bool = False
