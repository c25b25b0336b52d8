"""Which part of a log is looked at: `within(channel="regime", symbol="SPX", times=("2008-09-01", None))`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from events.catalog import Channel
from events.testing.errors import BadExpectation, did_you_mean
from events.testing.seen import Seen
from events.testing.values import coerced

Pair = tuple[Any, Any]
"""The first and the last, both inclusive; either may be None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A part of a log; what is None is not narrowed.

    Attributes:
        symbol: of the payload.
        positions: first and last, both inclusive; either may be None.
        times: market times, likewise.
        text: how it was said.
    """

    channel: str | None = None
    symbol: str | None = None
    stream: str | None = None
    positions: tuple[int | None, int | None] = (None, None)
    times: tuple[datetime | None, datetime | None] = (None, None)
    text: str = ""

    def misses(self, event: Seen) -> list[str]:
        """Why an event is not in it; empty if it is."""
        found = []
        for name in ("channel", "symbol", "stream"):
            wanted, actual = getattr(self, name), getattr(event, name)
            if wanted is not None and actual != wanted:
                found.append(f"its {name} is {actual!r}, not {wanted!r}")
        if not _between(event.position, *self.positions):
            found.append(f"its position, {event.position}, is not within {self.text}")
        if not _between(event.occurred_at, *self.times):
            found.append(f"its market time is not within {self.text}")
        return found

    def vacuous(self, events: Iterable[Seen]) -> str | None:
        """Why it holds nothing of a log that it should hold something of; None if all is well.

        A channel may well be empty; a symbol or stream that nobody knows is a slip of the pen.
        """
        events = list(events)
        known = {
            "symbol": {event.symbol for event in events if event.symbol},
            "stream": {event.stream for event in events if event.stream},
        }
        for name, names in known.items():
            wanted = getattr(self, name)
            if events and wanted is not None and wanted not in names:
                return f"no event of the log has the {name} {wanted!r}{did_you_mean(wanted, names)}"
        for name, part in (("position", self.positions), ("occurred_at", self.times)):
            if events and not any(_between(getattr(event, name), *part) for event in events):
                return f"no event of the log lies within {self.text}"
        return None


def scope(
    *,
    channel: str | None = None,
    symbol: str | None = None,
    stream: str | None = None,
    positions: Pair | None = None,
    times: Pair | None = None,
) -> Scope:
    """A part of a log, checked.

    Raises:
        BadExpectation: it says nothing, names no channel, or ends before it begins.
    """
    said = {
        "channel": channel,
        "symbol": symbol,
        "stream": stream,
        "positions": positions,
        "times": times,
    }
    text = ", ".join(f"{name}={_text(value)}" for name, value in said.items() if value is not None)
    if not text:
        raise BadExpectation("within() needs channel=, symbol=, stream=, positions= or times=")
    if channel is not None and channel not in set(Channel):
        raise BadExpectation(
            f"{str(channel)!r} is no channel{did_you_mean(channel, list(Channel))}"
        )
    first, last = _pair("positions", positions)
    since, until = _pair("times", times)
    since, until = _moment(since, time.min), _moment(until, time.max)
    for begin, end in ((first, last), (since, until)):
        if begin is not None and end is not None and begin > end:
            raise BadExpectation(f"within({text}) ends before it begins")
    return Scope(
        channel=None if channel is None else str(channel),
        symbol=symbol,
        stream=stream,
        positions=(first, last),
        times=(since, until),
        text=text,
    )


def _text(value: Any) -> str:
    return repr(str(value) if isinstance(value, str) else value)


def _pair(name: str, given: Pair | None) -> Pair:
    if given is None:
        return None, None
    pair: object = given
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise BadExpectation(f"{name}= is a pair: the first and the last, or None")
    return given[0], given[1]


def _moment(value: Any, of_day: time) -> datetime | None:
    """A bare date begins with its day, and ends with it."""
    moment = None if value is None else coerced(value, datetime)
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return datetime.combine(moment, of_day, UTC)
    return moment


def _between(value: Any, first: Any, last: Any) -> bool:
    if first is None and last is None:
        return True
    if value is None:
        return False
    return (first is None or value >= first) and (last is None or value <= last)
