"""What the tables of what-ifs and of hindsight share: how detectors, times and counts are written."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from app.terminal.figures import NOTHING, counted, instant
from events.catalog import DetectorStamp

if TYPE_CHECKING:
    from rich.console import Console

_DAILY: Final = timedelta(hours=20)


def say(console: "Console", text: str, style: str | None = None) -> None:
    """A line of words: broken between them on a terminal, and not at all in a pipe."""
    console.print(text, style=style, soft_wrap=not console.is_terminal)


def stamp_text(stamp: DetectorStamp) -> str:
    """A detector, so that it can be told from its variants."""
    return f"{stamp.name} {stamp.version} ({stamp.constants_hash})"


def time_text(at: datetime | None, *, daily: bool) -> str:
    """A time: the day alone where bars are days."""
    return f"{at.astimezone(UTC):%Y-%m-%d}" if daily and at is not None else instant(at)


def signed_bars(number: int | None) -> str:
    """`+8 bars`, `0 bars`, `-1 bar`."""
    if number is None:
        return NOTHING
    sign = "+" if number > 0 else "-" if number < 0 else ""
    return f"{sign}{counted(abs(number), 'bar')}"


def is_daily(first_at: datetime | None, last_at: datetime | None, bars: int) -> bool:
    """Whether bars are so long that the day names them."""
    return (
        first_at is None
        or last_at is None
        or bars < 2
        or (last_at - first_at) / (bars - 1) > _DAILY
    )
