"""The projected state, now or at a moment of the past."""

from datetime import datetime
from typing import Any

from app.access.grant import ALL_CHANNELS
from app.queries.reader import LogReader
from events.catalog import Channel


async def state(
    reader: LogReader,
    *,
    position: int | None = None,
    at: datetime | None = None,
    known_at: datetime | None = None,
    symbol: str | None = None,
    channels: frozenset[Channel] = ALL_CHANNELS,
) -> dict[str, Any]:
    """The state at the head, or at a `position`, or at market time `at` as it was known at `known_at`.

    `symbol` narrows `symbols` to one; the hash stays that of the whole state. A position wins over times.
    Of other `channels` than these it is the state of a log that has nothing in them.

    Raises:
        PositionBeyondHead: the position has not been recorded yet.
        ProjectionParked: it lies beyond an event that this program cannot read.
    """
    live = reader.live_state
    if position is not None:
        whole = await live.at_position(position, channels)
    elif at is not None or known_at is not None:
        whole = await live.at_time(at, known_at, channels)
    else:
        whole = await live.now(channels)
    if symbol is None:
        return whole
    chosen = {name: entry for name, entry in whole["symbols"].items() if name == symbol}
    return {**whole, "symbols": chosen}
