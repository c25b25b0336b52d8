"""Where in the log a moment is."""

from datetime import datetime
from typing import Any

from app.moments import LAST_SHIFT, Moment
from app.queries.reader import LogReader
from events.errors import InvalidEvent


class UnknownMoment(InvalidEvent):
    """A moment that this log does not have."""

    code = "unknown_moment"


async def state_at(reader: LogReader, moment: Moment, symbol: str | None = None) -> dict[str, Any]:
    """The presented state of a moment; of `symbol` is the last shift, if it is named.

    Raises:
        PositionBeyondHead: the position has not been recorded yet.
        UnknownMoment: there was no shift yet.
        ProjectionParked: it lies beyond an event that this program cannot read.
    """
    live = reader.live_state
    if moment == LAST_SHIFT:
        moment = await last_shift(reader, symbol)
    if isinstance(moment, int):
        return await live.at_position(moment)
    if isinstance(moment, datetime):
        return await live.at_time(moment, None)
    return await live.now()


async def last_shift(reader: LogReader, symbol: str | None = None) -> int:
    """The position of the newest regime update by which a regime changed; of any symbol, unless one is named.

    Raises:
        UnknownMoment: there was none yet.
    """
    folded = await reader.episodes.now()
    positions = [
        known.lasting.position
        for name, known in folded.state.items()
        if symbol in {None, name} and known.lasting and known.lasting.previous_regime
    ]
    if not positions:
        raise UnknownMoment(
            f"there was no shift{f' of {symbol}' if symbol else ''} in this log yet"
        )
    return max(positions)
