"""Prices for charts, each with the regime at its close, downsampled."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from app.market.bars import bar_number
from app.market.money import ZERO, exactly
from app.queries.reader import LogReader
from events.catalog import Channel
from events.codec import is_readable, payload_fields
from events.envelope import RecordedEvent
from events.errors import UnreadablePayload
from events.scalars import format_decimal, parse_time, to_micros
from events.selection import Selection
from events.store import ReadQuery

BARS_READ_MAX: Final = 10_000
"""The newest prices and regimes within the times asked for that one request looks at, of each."""

POINTS_USUAL: Final = 1_500
POINTS_MAX: Final = 10_000
"""Bars in one answer: usually, at most."""

Bar = dict[str, Any]

POISON: Final = (UnreadablePayload, LookupError, TypeError)
"""What a payload raises that does not fit its type: it is left out, and the rest is shown."""


async def bars(
    reader: LogReader,
    symbol: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    position: int | None = None,
    points: int = POINTS_USUAL,
    bar_s: int | None = None,
) -> dict[str, Any]:
    """At most `points` bars between two market times (inclusive), oldest first; prices are strings.

    A single tick is a bar of its own, without a range; with `bar_s` those within one bar of that length make
    one. Neighbouring bars are merged where there are more than `points`. A merged bar has the time and the
    regime of its last. As of a `position`, by default the head: with what the log held then.

    Raises:
        PositionBeyondHead: the position has not been recorded yet.
    """
    if position is not None:
        await reader.log.check_cursor(position, None)
    head = reader.log.head
    upto = head.position if position is None else position
    prices = await reader.log.read(_newest(Channel.PRICES, symbol, upto, since, until))
    # The regime at the first bar may be older than that bar.
    regimes = await reader.log.read(_newest(Channel.REGIME, symbol, upto, None, until))
    # In a thread: they may be 20,000 events, and others have their turn meanwhile.
    known = await asyncio.to_thread(_known_bars, prices, regimes, bar_s, points)
    return {
        "symbol": symbol,
        "epoch": head.epoch,
        "head": head.position,
        "position": upto,
        "bars": known,
    }


def _known_bars(
    prices: Sequence[RecordedEvent],
    regimes: Sequence[RecordedEvent],
    bar_s: int | None,
    points: int,
) -> list[Bar]:
    """The bars of two pages that come newest first, without what only a newer program can read."""
    known = with_regimes(
        corrected_bars(filter(is_readable, reversed(prices))),
        filter(is_readable, reversed(regimes)),
    )
    return downsample(known if bar_s is None else joined_ticks(known, bar_s), points)


def _newest(
    channel: Channel, symbol: str, upto: int, since: datetime | None, until: datetime | None
) -> ReadQuery:
    return ReadQuery(
        upto=upto,
        selection=Selection.of([channel], [symbol]),
        occurred_from_us=to_micros(since) if since else None,
        occurred_upto_us=to_micros(until) if until else None,
        limit=BARS_READ_MAX,
        descending=True,
    )


def corrected_bars(prices: Iterable[RecordedEvent]) -> list[Bar]:
    """One bar a market time, by its newest price, in market order; `prices` come oldest first."""
    by_time: dict[int, Bar] = {}
    for event in prices:
        with suppress(*POISON):
            payload = payload_fields(event)
            by_time[event.occurred_at_us] = {
                "timestamp": payload["timestamp"],
                "open": payload["open"],
                "high": payload["high"],
                "low": payload["low"],
                "close": payload["price"],
                "volume": payload["volume"],
                "bar_s": payload["bar_s"],
                "regime": None,
            }
    return [by_time[at] for at in sorted(by_time)]


def with_regimes(bars: list[Bar], regimes: Iterable[RecordedEvent]) -> list[Bar]:
    """The bars with the final regime at each close: the newest one at or before it; both oldest first."""
    finals: list[tuple[str, str]] = []
    for event in regimes:
        with suppress(*POISON):
            payload = payload_fields(event)
            if not payload["provisional"]:
                finals.append((payload["timestamp"], payload["regime"]))
    # Wire times are UTC with six digits, so their texts sort as the times do.
    finals.sort(key=itemgetter(0))
    regime, place = None, 0
    for bar in bars:
        while place < len(finals) and finals[place][0] <= bar["timestamp"]:
            regime = finals[place][1]
            place += 1
        bar["regime"] = regime
    return bars


def joined_ticks(bars: Iterable[Bar], bar_s: int) -> list[Bar]:
    """The bars with single ticks of one and the same `bar_s` seconds as one; ready bars stay as they are."""

    def number(bar: Bar) -> int | None:
        return bar_number(parse_time(bar["timestamp"]), bar_s) if bar["bar_s"] is None else None

    joined: list[Bar] = []
    for of, group in groupby(bars, key=number):
        ticks = list(group)
        if of is None:
            joined += ticks
        else:
            one = {"open": ticks[0]["close"], **_extremes(ticks), "bar_s": bar_s}
            joined.append({**_merge(ticks), **one})
    return joined


def downsample(bars: Sequence[Bar], points: int) -> list[Bar]:
    """At most `points` bars: neighbours merged in groups of one size, the last group maybe smaller."""
    size = -(-len(bars) // points) or 1
    return [_merge(bars[start : start + size]) for start in range(0, len(bars), size)]


def _merge(group: Sequence[Bar]) -> Bar:
    last = group[-1]
    if len(group) == 1:
        return last
    return {
        **last,
        "open": group[0]["open"] or group[0]["close"],
        **_extremes(group),
        "volume": _volume(group),
        "bar_s": None,
    }


def _extremes(group: Sequence[Bar]) -> Bar:
    return {
        "high": max((bar["high"] or bar["close"] for bar in group), key=Decimal),
        "low": min((bar["low"] or bar["close"] for bar in group), key=Decimal),
    }


def _volume(group: Sequence[Bar]) -> str | None:
    """The sum; None where that of one bar is not known."""
    volumes = [bar["volume"] for bar in group]
    if None in volumes:
        return None
    with exactly():
        return format_decimal(sum(map(Decimal, volumes), ZERO))
