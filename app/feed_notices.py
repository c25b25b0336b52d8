"""What the log is told about a feed itself: that it started, stopped, or left prices out."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, Self
from uuid import UUID

import structlog

from app.feeds.base import Feed
from app.ingest import TickIngest
from app.market.ticks import PriceTick
from events.catalog import Channel, NoticeKind, SystemNotice
from events.clock import now_us, uuid7
from events.envelope import Fence, NewEvent
from events.errors import DuplicateEvent, EventError, FenceLost
from events.ids import named_id, tick_event_id
from events.log import EventLog
from events.scalars import format_time, from_micros, to_micros

ERROR_TEXT_MAX: Final = 300
"""Characters of an error that are recorded."""

SYMBOLS_TOLD_MAX: Final = 10
"""Symbols that a notice's text names; its details name them all."""

Outage = Literal["failed", "stalled"]
Reason = Outage | Literal["ended"]
_WORDS: Final[dict[Reason, str]] = {
    "failed": "has failed",
    "stalled": "has stalled",
    "ended": "has ended",
}
_log = structlog.get_logger("feeds")


@dataclass(frozen=True, slots=True)
class Gap:
    """Prices that are missing.

    Attributes:
        begins, ends: the newest price before, and from when on there are prices again, market time.
    """

    symbol: str
    begins: datetime
    ends: datetime

    @classmethod
    def before(cls, tick: PriceTick, last_at: datetime | None, gap_bars: int | None) -> Self | None:
        """The gap before a ready bar, if more than `gap_bars` of its lengths lie before it."""
        if last_at is None or tick.bar_s is None or gap_bars is None:
            return None
        missing_s = (tick.timestamp - last_at).total_seconds() - tick.bar_s
        if missing_s <= gap_bars * tick.bar_s:
            return None
        begins = tick.timestamp - timedelta(seconds=tick.bar_s)
        return cls(tick.symbol, last_at, begins)


class FeedNotices:
    """Tells the log what becomes of a feed, each thing once."""

    def __init__(self, log: EventLog, ingest: TickIngest, feed: Feed) -> None:
        self._log = log
        self._ingest = ingest
        self._feed = feed
        self._last: NoticeKind | None = None
        self._told: tuple[UUID, datetime | None] | None = None

    def forget(self) -> None:
        """Another process may play the feed, and tell of it, from here on."""
        self._last = None

    async def before(self, first: PriceTick, gaps: Sequence[Gap], fence: Fence) -> int:
        """Tell what is to be told before a batch of ticks: the first one says that the feed plays.

        Returns how many of the gaps had not been told before.
        """
        events = list({gap: self._gap(gap) for gap in gaps}.values())
        starts = self._last is not NoticeKind.FEED_STARTED
        if starts:
            events.insert(0, self._started(first))
        if not events:
            return 0
        fresh = (await self._log.append(events, fence=fence)).events
        if starts:
            self._remember(events[0], NoticeKind.FEED_STARTED)
        return len(fresh) - starts

    async def stopped(self, reason: Outage, fence: Fence, error: str | None) -> None:
        """Tell that the feed does not play: once for each outage.

        A log that cannot be written now is not told; the next failure tries again.

        Raises:
            FenceLost: another process plays it.
        """
        if self._last is NoticeKind.FEED_STOPPED:
            return
        event = self._stopped(reason, uuid7(), error)
        try:
            await self._log.append([event], fence=fence)
        except FenceLost:
            raise
        except EventError as failure:
            _log.warning("notice_failed", feed=self._feed.name, error=str(failure))
        else:
            self._remember(event, NoticeKind.FEED_STOPPED)

    async def ended(self, fence: Fence) -> None:
        """Tell that the feed has brought all that it has: once, whoever plays it again, if it ever began.

        Raises:
            EventError: that could not be told (`FenceLost`: another process is to tell it); play again.
        """
        event_id = await self._end_id()
        if event_id is None:
            return
        with suppress(DuplicateEvent):  # told, by a program with other words
            await self._log.append([self._stopped("ended", event_id)], fence=fence)
        self._last = NoticeKind.FEED_STOPPED

    async def _end_id(self) -> UUID | None:
        """The id of the notice of the end, fixed by what is recorded; None: there is nothing to tell."""
        newest = self._newest()
        at = None if newest is None else newest[0]
        if self._told is not None and self._told[1] == at:
            # Since the newest price it was told to play, or not to: what is told of that price came before.
            return named_id(f"ended|{self._told[0]}")
        if newest is None or (self._told is None and not await self._brought(*newest)):
            return None
        symbols = ",".join(self._feed.symbols)
        return named_id(
            f"ended|{self._feed.source}|{self._feed.name}|{symbols}|{to_micros(newest[0])}"
        )

    async def _brought(self, at: datetime, symbol: str) -> bool:
        """Whether a price is the feed's, and not of another who records the symbol."""
        price = await self._log.store.newest_at(f"{Channel.PRICES}:{symbol}", to_micros(at))
        return price is not None and price.source == self._feed.source

    def _remember(self, told: NewEvent, kind: NoticeKind) -> None:
        self._last = kind
        self._told = (told.event_id, self._market_time())

    def _stopped(self, reason: Reason, event_id: UUID, error: str | None = None) -> NewEvent:
        text = f"feed {self._feed.name} {_WORDS[reason]}: {_listed(self._feed.symbols)}"
        details = self._details() | {"reason": reason}
        if error is not None:
            details["error"] = error[:ERROR_TEXT_MAX]
        at = self._market_time() or from_micros(now_us())
        return self._notice(NoticeKind.FEED_STOPPED, text, details, at, event_id)

    def _started(self, first: PriceTick) -> NewEvent:
        word = "started" if self._last is None else "is back"
        text = f"feed {self._feed.name} {word}: {_listed(self._feed.symbols)}"
        at = self._market_time() or first.timestamp
        return self._notice(NoticeKind.FEED_STARTED, text, self._details(), at)

    def _gap(self, gap: Gap) -> NewEvent:
        begins, ends = format_time(gap.begins), format_time(gap.ends)
        text = f"feed {self._feed.name} has no {gap.symbol} from {begins} to {ends}"
        details: dict[str, object] = {
            "reason": "gap",
            "feed": self._feed.name,
            "symbol": gap.symbol,
            "from": begins,
            "to": ends,
        }
        # An id of its own, and nothing else in it, so that whoever finds it again tells it once.
        rule = f"gap@{self._feed.name}@{to_micros(gap.begins)}"
        gap_id = tick_event_id(self._feed.source, gap.symbol, gap.ends, Decimal(0), rule)
        return self._notice(NoticeKind.CORRECTION, text, details, gap.ends, gap_id)

    def _notice(
        self,
        kind: NoticeKind,
        text: str,
        details: dict[str, object],
        at: datetime,
        event_id: UUID | None = None,
    ) -> NewEvent:
        notice = SystemNotice.model_validate(
            {"kind": kind, "text": text, "details": details, "timestamp": at}
        )
        return NewEvent(payload=notice, event_id=event_id or uuid7(), source=self._feed.source)

    def _details(self) -> dict[str, object]:
        return {"feed": self._feed.name, "symbols": list(self._feed.symbols)}

    def _market_time(self) -> datetime | None:
        """The time of the feed's last tick: a timer's event happens in the market's time, not ours."""
        newest = self._newest()
        return None if newest is None else newest[0]

    def _newest(self) -> tuple[datetime, str] | None:
        """The time and the symbol of the newest price."""
        known = [(self._ingest.state.of(symbol).last_at, symbol) for symbol in self._feed.symbols]
        return max(((at, symbol) for at, symbol in known if at is not None), default=None)


def _listed(symbols: Sequence[str]) -> str:
    told = ", ".join(symbols[:SYMBOLS_TOLD_MAX])
    more = len(symbols) - SYMBOLS_TOLD_MAX
    return f"{told} and {more} more" if more > 0 else told
