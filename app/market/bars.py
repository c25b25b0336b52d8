"""When the bars that bare ticks make begin and end: at multiples of their length since 1970-01-01T00:00Z."""

from datetime import datetime

from events.scalars import from_micros, to_micros

_SECOND_US = 1_000_000


def bar_number(at: datetime, bar_s: int) -> int:
    """Which bar a moment lies in; a bar holds its first instant, and not that of its end."""
    return to_micros(at) // (bar_s * _SECOND_US)


def bar_end(number: int, bar_s: int) -> datetime:
    """When a bar closes, UTC: the instant at which the next one begins."""
    return from_micros((number + 1) * bar_s * _SECOND_US)
