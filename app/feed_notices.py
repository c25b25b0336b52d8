"""What the log is told about a feed itself: that it started, stopped, or left prices out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, Self
from uuid import UUID

import structlog

from app.feeds.base import Feed
from app.ingest import TickIngest
from app.market.ticks import PriceTick
from events.catalog import NoticeKind, SystemNotice
from events.clock import now_us, uuid7
from events.envelope import Fence, NewEvent
from events.errors import EventError, FenceLost
from events.ids import tick_event_id
from events.log import EventLog
from events.scalars import format_time, from_micros, to_micros

ERROR_TEXT_MAX: Final = 300
"""Characters of an error that are recorded."""

SYMBOLS_TOLD_MAX: Final = 10
"""Symbols that a notice's text names; its details name them all."""

Reason = Literal["failed", "stalled", "ended"]
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
        begins, ends: the newest price before, and from when on there are prices again.
        at: market time at which that was seen.
    """

    symbol: str
    begins: datetime
    ends: datetime
    at: datetime

    @classmethod
    def before(cls, tick: PriceTick, last_at: datetime | None, gap_bars: int | None) -> Self | None:
        """The gap before a ready bar, if more than `gap_bars` of its lengths lie before it."""
        if last_at is None or tick.bar_s is None or gap_bars is None:
            return None
        missing_s = (tick.timestamp - last_at).total_seconds() - tick.bar_s
        if missing_s <= gap_bars * tick.bar_s:
            return None
        begins = tick.timestamp - timedelta(seconds=tick.bar_s)
        return cls(tick.symbol, last_at, begins, tick.timestamp)


class FeedNotices:
    """Tells the log what becomes of a feed, each thing once."""

    def __init__(self, log: EventLog, ingest: TickIngest, feed: Feed) -> None:
        self._log = log
        self._ingest = ingest
        self._feed = feed
        self._last: NoticeKind | None = None

    def forget(self) -> None:
        """Another process may play the feed, and tell of it, from here on."""
        self._last = None

    async def before(self, first: PriceTick, gaps: Sequence[Gap], fence: Fence) -> None:
        """Tell what is to be told before a batch of ticks: the first one says that the feed plays."""
        events = list({gap: self._gap(gap) for gap in gaps}.values())
        starts = self._last is not NoticeKind.FEED_STARTED
        if starts:
            events.insert(0, self._started(first))
        if events:
            await self._log.append(events, fence=fence)
        if starts:
            self._last = NoticeKind.FEED_STARTED

    async def stopped(self, reason: Reason, fence: Fence, error: str | None = None) -> None:
        """Tell that the feed does not play: once for each outage, and its end only if it ever began.

        A log that cannot be written now is not told; the next failure tries again.

        Raises:
            FenceLost: another process plays it.
        """
        untold = self._last is None if reason == "ended" else self._last is NoticeKind.FEED_STOPPED
        if untold:
            return
        text = f"feed {self._feed.name} {_WORDS[reason]}: {_listed(self._feed.symbols)}"
        details = self._details() | {"reason": reason}
        if error is not None:
            details["error"] = error[:ERROR_TEXT_MAX]
        at = self._market_time() or from_micros(now_us())
        event = self._notice(NoticeKind.FEED_STOPPED, text, details, at)
        try:
            await self._log.append([event], fence=fence)
        except FenceLost:
            raise
        except EventError as failure:
            _log.warning("notice_failed", feed=self._feed.name, error=str(failure))
        else:
            self._last = NoticeKind.FEED_STOPPED

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
        # An id of its own, so that a batch which is recorded at the second try tells it once.
        rule = f"gap@{to_micros(gap.begins)}-{to_micros(gap.ends)}"
        gap_id = tick_event_id(self._feed.source, gap.symbol, gap.at, Decimal(0), rule)
        return self._notice(NoticeKind.CORRECTION, text, details, gap.at, gap_id)

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
        times = [
            at for symbol in self._feed.symbols if (at := self._ingest.state.of(symbol).last_at)
        ]
        return max(times, default=None)


def _listed(symbols: Sequence[str]) -> str:
    told = ", ".join(symbols[:SYMBOLS_TOLD_MAX])
    more = len(symbols) - SYMBOLS_TOLD_MAX
    return f"{told} and {more} more" if more > 0 else told
