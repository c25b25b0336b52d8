"""What is asked of an export, and which part of the log that is once it has begun."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Self

from events.errors import InvalidCursor, InvalidEvent
from events.scalars import format_time, parse_time

HEADERS: Final[Mapping[str, str]] = {
    "epoch": "X-Synapse-Epoch",
    "head": "X-Synapse-Head",
    "head_hash": "X-Synapse-Head-Hash",
    "after": "X-Synapse-From",
    "after_hash": "X-Synapse-From-Hash",
    "upto": "X-Synapse-To",
    "upto_hash": "X-Synapse-To-Hash",
}
"""What a download tells before it begins, by the names of `Span`."""


class EmptyRange(InvalidEvent):
    """A range that ends before it begins."""

    code = "empty_range"


class NotTheSameLog(InvalidCursor):
    """An export that is to be continued was made of another log, or of another lifetime of it."""

    code = "not_the_same_log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which events are to be exported; by the names of the query of `GET /api/events`.

    Attributes:
        after, before: positions, exclusive.
        since, until: market times, inclusive.
        channels, symbols, types: None for all.
        limit: at most so many events; None for all.
    """

    after: int = 0
    before: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    channels: Sequence[str] | None = None
    symbols: Sequence[str] | None = None
    types: Sequence[str] | None = None
    limit: int | None = None

    def check(self) -> None:
        """Make sure that the range does not end before it begins.

        Raises:
            EmptyRange: it does.
        """
        if self.before is not None and self.before <= self.after:
            raise EmptyRange(
                f"before: the range ends before it begins: after {self.after}, before {self.before}"
            )
        if self.since and self.until and self.until < self.since:
            since, until = format_time(self.since), format_time(self.until)
            raise EmptyRange(f"until: the range ends before it begins: {since} to {until}")

    def said(self) -> dict[str, Any]:
        """What was asked for, as JSON has it: without what was left out, and each list sorted, nothing in it twice."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _plain(value) for name, value in values.items() if value is not None}

    def chosen(self) -> dict[str, Any]:
        """The same without the range of positions and the limit: what chooses among the events there."""
        ends = ("after", "before", "limit")
        return {name: value for name, value in self.said().items() if name not in ends}

    @classmethod
    def of_selection(cls, said: Mapping[str, Any], after: int) -> Self:
        """The same selection of what comes after a position: without the end and the limit that it had."""
        since, until = said.get("since"), said.get("until")
        return cls(
            after=after,
            since=None if since is None else parse_time(since),
            until=None if until is None else parse_time(until),
            channels=said.get("channels"),
            symbols=said.get("symbols"),
            types=said.get("types"),
        )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_time(value)
    return value if isinstance(value, int) else sorted(set(value))


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a log that an export goes through. A hash is that of the event there, in hexadecimal digits.

    Attributes:
        epoch: the log's lifetime.
        head, head_hash: the log's last position when the export began.
        after, after_hash: where it begins, exclusive; at position 0 the hash is all zeros.
        upto, upto_hash: where it ends, inclusive: whatever matches up to here is in it.

    The hashes are None for whoever does not see all channels: they tell of the events that are hidden.
    """

    epoch: str
    head: int
    head_hash: str | None
    after: int
    after_hash: str | None
    upto: int
    upto_hash: str | None

    def headers(self) -> dict[str, str]:
        """The same for HTTP."""
        told = {header: getattr(self, name) for name, header in HEADERS.items()}
        return {header: str(value) for header, value in told.items() if value is not None}

    @classmethod
    def of_headers(cls, headers: Mapping[str, str]) -> Self:
        """What a server has told.

        Raises:
            KeyError, ValueError: it did not tell it, or not so.
        """
        told = {name: headers.get(header) for name, header in HEADERS.items()}
        return cls(
            headers[HEADERS["epoch"]],
            int(headers[HEADERS["head"]]),
            told["head_hash"],
            int(headers[HEADERS["after"]]),
            told["after_hash"],
            int(headers[HEADERS["upto"]]),
            told["upto_hash"],
        )


@dataclass(slots=True)
class Counted:
    """What of an export there is so far.

    Attributes:
        events: how many.
        first, last: positions; None before the first event.
    """

    events: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, positions: Sequence[int]) -> None:
        """Count a page, which is not empty."""
        self.add_range(len(positions), positions[0], positions[-1])

    def add_range(self, events: int, first: int, last: int) -> None:
        """Count some events; the positions are those of the first and the last of them."""
        self.events += events
        self.first = first if self.first is None else self.first
        self.last = last
