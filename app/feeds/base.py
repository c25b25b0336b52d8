"""The protocol of every feed, and the error that a feed raises.

FeedError            a feed cannot go on; names the file, the line, the field and the problem
FeedSpecError        the text that is to describe a feed does not, in one sentence
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol, TypeAlias, runtime_checkable

from app.market.ticks import PriceTick

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
"""Waits so many seconds; `asyncio.sleep`, or what a test puts in its place."""

SKIPPED_BARS_MAX: Final = 5
"""Bar lengths that may lie between two bars of a feed: more of them are told as a gap.

Enough for the daily bars of a market that closes over a long weekend.
"""

UNIT_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
"""Seconds of each unit that a spec may name."""

FEED_NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,31}$"
"""What a feed may be named: a slug that fits into the source `feed:NAME`."""


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


class FeedSpecError(ValueError):
    """A text that describes no feed, in one sentence."""


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

    @property
    def stalls_after_s(self) -> float | None:
        """Seconds without a tick after which it counts as stalled; None where silence means nothing."""

    @property
    def gap_bars(self) -> int | None:
        """Bar lengths between two bars beyond which prices are missing; None where none can be."""

    def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        """Ticks in the order of their times, from after `resume`; endless or until the source ends.

        Closed and called again after a failure or a stall. A tick at the time of the resume point may
        come again: what is recorded already is dropped.

        Raises:
            FeedError: when the source cannot be read.
        """


@runtime_checkable
class TellsLosses(Protocol):
    """What a feed also has where its source may send what cannot be right, or leave something out."""

    on_gap: Callable[[str, datetime, datetime], None] | None
    """To be called when prices are missing: symbol, from, to."""

    @property
    def bad(self) -> int:
        """How many prices were dropped because they cannot be right."""
