"""A feed of the local exchange, played into a list, and what it should have said."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal

from app.feeds.base import ResumePoint
from app.feeds.exchange import ExchangeFeed, ExchangeOptions
from app.feeds.exchange_driver import Access
from app.feeds.exchange_follow import Timing
from app.market.ticks import PriceTick
from events.scalars import format_decimal, from_micros, to_micros
from tests.integration.exchange_server import Deal, ExchangeServer

FAST = Timing(settle_s=0.02, join_s=0.02, join_tries=5, reconnect_s=0.02, reconnects_max=4)
LONGEST_S = 5.0

Told = tuple[str, str, int]
"""Symbol, price and time in microseconds."""


def feed_of(
    server: ExchangeServer,
    symbols: tuple[str, ...] = ("BTC/USD",),
    timeframe: tuple[str, int] | None = None,
    timing: Timing = FAST,
) -> ExchangeFeed:
    access = Access("kraken", server.ws_url, server.rest_url, rate_limit=False)
    return ExchangeFeed("kraken", symbols, ExchangeOptions(access, timeframe), timing)


def ago_us(seconds: float) -> int:
    """A whole millisecond so long ago."""
    return int((time.time() - seconds) * 1_000) * 1_000


def told(ticks: Sequence[PriceTick], symbol: str | None = None) -> list[Told]:
    return [
        (tick.symbol, format_decimal(tick.price), to_micros(tick.timestamp))
        for tick in ticks
        if symbol in {None, tick.symbol}
    ]


def expected(deals: Sequence[Deal]) -> list[Told]:
    """What a feed should say of trades of one symbol: counted within their milliseconds."""
    out: list[Told] = []
    counted: dict[int, int] = {}
    for deal in sorted(deals, key=lambda deal: (deal.at_us // 1_000, deal.number)):
        at_ms = deal.at_us // 1_000
        count = counted[at_ms] = counted.get(at_ms, -1) + 1
        out.append((deal.symbol, deal.price, at_ms * 1_000 + count))
    return out


def point_at(last: PriceTick | Deal) -> dict[str, ResumePoint]:
    """A log whose newest price is this one."""
    if isinstance(last, Deal):
        return {last.symbol: ResumePoint(1, from_micros(last.at_us), Decimal(last.price))}
    return {last.symbol: ResumePoint(1, last.timestamp, last.price)}


class Player:
    """What a feed has said so far; `failed` is what it ended with."""

    def __init__(self, feed: ExchangeFeed) -> None:
        self.feed = feed
        self.ticks: list[PriceTick] = []
        self.failed: BaseException | None = None
        self._said = asyncio.Event()

    async def play(self, resume: Mapping[str, ResumePoint]) -> None:
        try:
            async for tick in self.feed.ticks(resume):
                self.ticks.append(tick)
                self._said.set()
        except Exception as error:
            self.failed = error
        finally:
            self._said.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for the feed to have said something."""
        async with asyncio.timeout(LONGEST_S):
            while not condition():
                self._said.clear()
                await self._said.wait()

    async def has(self, number: int) -> list[Told]:
        """The first so many ticks, and that there are not more."""
        await self.until(lambda: len(self.ticks) >= number)
        return told(self.ticks)


@asynccontextmanager
async def playing(
    feed: ExchangeFeed, resume: Mapping[str, ResumePoint] | None = None
) -> AsyncIterator[Player]:
    """Play a feed, and close it."""
    player = Player(feed)
    task = asyncio.create_task(player.play(resume or {}))
    try:
        async with asyncio.timeout(LONGEST_S):
            yield player
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
