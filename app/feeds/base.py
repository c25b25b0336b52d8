"""The protocol of every feed, and the error that a feed raises.

FeedError            a feed cannot go on; names the file, the line, the field and the problem
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, TypeAlias

from app.market.ticks import PriceTick

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
"""Waits so many seconds; `asyncio.sleep`, or what a test puts in its place."""


class FeedError(Exception):
    """A feed that cannot go on, in one sentence.

    Attributes:
        file: the file's name.
        line: the line in it, from 1; None when the whole file is meant.
        field: the column; None when the whole line is meant.
        problem: what is wrong.
    """

    code = "feed_error"

    def __init__(self, file: str, line: int | None, field: str | None, problem: str) -> None:
        where = file if line is None else f"{file}, line {line}"
        super().__init__(f"{where}: {problem}" if field is None else f"{where}: {field} {problem}")
        self.file = file
        self.line = line
        self.field = field
        self.problem = problem


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """How far the log has followed one symbol of a feed.

    Attributes:
        bars: how many of its prices were recorded.
        last_at: market time of the newest, UTC.
        last_price: that price.
    """

    bars: int
    last_at: datetime
    last_price: Decimal


class Feed(Protocol):
    """A source of prices."""

    @property
    def name(self) -> str:
        """A slug: lower-case letters, digits, `_` and `-`."""

    @property
    def source(self) -> str:
        """What its events carry: `feed:NAME`, `import` or `simulated`."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that it yields."""

    def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        """Ticks in the order of their times, from after `resume`; endless or until the source ends.

        Raises:
            FeedError: when the source cannot be read.
        """
