"""The mark of a log that a what-if saved: its first event is a system notice whose reason is `what_if`.

Everything else in it looks like what was recorded: this is what tells, and `docs/whatif.md` what it holds.
"""

from datetime import datetime
from typing import Final

from app.client.log import Log
from events.catalog import DetectorStamp, NoticeKind, SystemNotice
from events.clock import uuid7
from events.envelope import NewEvent

REASON: Final = "what_if"
"""What the notice's details have as their reason; no other notice has it."""

_TYPE: Final = "system_notice"


def mark(detector: DetectorStamp, at: datetime) -> NewEvent:
    """The first event of a what-if that is saved.

    Args:
        detector: who says the regimes in it.
        at: the market time of its first price.
    """
    text = (
        f"What if: {detector.name} {detector.version} over the prices of another log."
        " What is said here was never broadcast."
    )
    notice = SystemNotice(
        kind=NoticeKind.FEED_STARTED,
        text=text,
        details={"reason": REASON, "detector": detector.model_dump()},
        timestamp=at,
    )
    return NewEvent(payload=notice, event_id=uuid7(), source="import")


def marked(log: Log) -> str | None:
    """What the mark of a log says; None of a log that was recorded."""
    first = next(iter(log.events(types=[_TYPE], limit=1)), None)
    notice = None if first is None else first.payload
    if not isinstance(notice, SystemNotice) or notice.details.get("reason") != REASON:
        return None
    return notice.text
