"""Follow symbols of an exchange without a hole: what was missed by REST, then live, joined by REST again.

The order of things after every connect, for trades and bars alike: REST pages from the last known one on,
oldest symbol first, until they bring nothing new; then the WebSocket; and at a symbol's first live message
REST once more until it has reached that message, because what happened between the last page and the
subscription would be missing else.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import structlog
from pydantic import ValidationError

from app.feeds.base import ResumePoint
from app.feeds.exchange_driver import Candle, Driver
from app.feeds.exchange_trades import TRADES_A_MS, Trade, TradeSequence
from app.market.ticks import PriceTick
from events.scalars import from_micros, to_micros

TRADES_AT_FIRST_MS: Final = 60_000
"""A log without a trade of the symbol begins with the last minute; more would date too far back to matter."""

BARS_AT_FIRST: Final = 500
"""A log without a bar of the symbol begins with so many, as far as the exchange serves them."""

PAGES_MAX: Final = 2_000
"""REST pages of one symbol in one catch-up (1,000 trades each, usually); what lies beyond is a gap."""

ASIDE_MAX: Final = 10_000
"""Live trades of one symbol that wait while REST is asked; of more, REST tells all again."""

Gap: TypeAlias = Callable[[str, int, int], None]
"""Told of what the exchange no longer serves: symbol, from and to in milliseconds since 1970."""

_log = structlog.get_logger("exchange")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long is waited for what; the defaults are right outside tests.

    Attributes:
        settle_s: for further trades of a millisecond, before its trades are handed on.
        join_s, join_tries: for REST to reach what is live, each time and how often.
        reconnect_s, reconnects_max: before the first try to connect again (then twice as long each
            time), and how many fail before the feed does.
    """

    settle_s: float = 0.2
    join_s: float = 1.0
    join_tries: int = 5
    reconnect_s: float = 0.5
    reconnects_max: int = 4


class Track(Protocol):
    """One symbol that is followed."""

    @property
    def cursor_ms(self) -> int:
        """How far it is known."""

    @property
    def waiting_since_s(self) -> float | None:
        """When what waits to settle came; None: nothing waits."""

    async def fetch(self) -> bool:
        """Ask REST for one page; False when it brought nothing new."""

    async def watch(self) -> None:
        """Wait for something live, and put it aside."""

    async def take(self) -> None:
        """Take what was put aside, after what REST knows to lie before it."""

    def ready(self, before_ms: int, came_before_s: float) -> list[PriceTick]:
        """What is complete: see `TradeSequence.release`."""

    def interrupted(self) -> None:
        """The connection is gone: what comes live next may follow a hole."""


class TradeTrack:
    """The trades of one symbol."""

    def __init__(
        self,
        driver: Driver,
        symbol: str,
        point: ResumePoint | None,
        timing: Timing,
        gap: Gap,
    ) -> None:
        self._driver = driver
        self._symbol = symbol
        self._timing = timing
        self._gap = gap
        self._known = point is not None
        self.sequence = TradeSequence(
            driver.now_ms() - TRADES_AT_FIRST_MS,
            None if point is None else to_micros(point.last_at),
        )
        self._since_ms = self.sequence.cursor_ms
        self._aside: list[Trade] = []
        self._complete = True
        self._joined = False

    @property
    def cursor_ms(self) -> int:
        """The time of the newest trade, or how far REST was asked in vain."""
        return max(self._since_ms, self.sequence.cursor_ms)

    @property
    def waiting_since_s(self) -> float | None:
        """See `TradeSequence`."""
        return self.sequence.waiting_since_s

    async def fetch(self) -> bool:
        """One page of trades from the cursor on; that of the cursor itself must be among them."""
        since_ms = self.cursor_ms
        page = await self._driver.trades_since(self._symbol, since_ms)
        first_ms = min((trade.at_ms for trade in page), default=since_ms)
        if self._known and since_ms == self.sequence.cursor_ms < first_ms:
            self._gap(self._symbol, since_ms, first_ms)
        if self._add(page):
            return True
        window_ms = self._driver.window_ms
        if window_ms and since_ms + window_ms < self._driver.now_ms():
            self._since_ms = since_ms + window_ms
            return True
        return False

    async def watch(self) -> None:
        """Put live trades aside."""
        trades, complete = await self._driver.watch_trades(self._symbol)
        self._aside += trades
        self._complete = self._complete and complete
        if len(self._aside) > ASIDE_MAX:
            self._aside, self._complete = self._aside[-1:], False

    async def take(self) -> None:
        """Add what was put aside; joined by REST when it may follow a hole."""
        if not self._aside:
            return
        trades, complete = self._aside, self._complete
        self._aside, self._complete = [], True
        if not (self._joined and complete):
            await self._reach(trades)
        # When a message could not be read, it may have been the newest: the next one is joined, too.
        self._joined = complete
        self._add(trades)

    def ready(self, before_ms: int, came_before_s: float) -> list[PriceTick]:
        """The trades that are complete, as bare ticks."""
        crowded_out = self.sequence.crowded_out
        released = self.sequence.release(before_ms, came_before_s)
        for _ in range(self.sequence.crowded_out - crowded_out):
            problem = f"its millisecond has more than {TRADES_A_MS} trades"
            self._driver.drop("trade", problem, self._symbol)
        return [
            PriceTick(
                symbol=self._symbol,
                price=timed.trade.price,
                timestamp=from_micros(timed.at_us),
                volume=timed.trade.amount,
            )
            for timed in released
        ]

    def interrupted(self) -> None:
        """What was put aside is dropped: REST tells it again."""
        self._aside, self._complete, self._joined = [], True, False

    def _add(self, trades: Sequence[Trade]) -> int:
        now_s = time.monotonic()
        added = sum(self.sequence.add(trade, now_s) for trade in trades)
        self._known = self._known or bool(added)
        return added

    async def _reach(self, trades: Sequence[Trade]) -> None:
        newest_ms = max(trade.at_ms for trade in trades)
        for attempt in range(self._timing.join_tries):
            if attempt:
                await asyncio.sleep(self._timing.join_s)
            for _ in range(PAGES_MAX):
                if not await self.fetch():
                    break
            if self.sequence.cursor_ms >= newest_ms:
                return
        first_ms = min(trade.at_ms for trade in trades)
        if first_ms > self.sequence.cursor_ms:
            self._gap(self._symbol, self.sequence.cursor_ms, first_ms)


class BarTrack:
    """The bars of one symbol: the WebSocket says when one has closed, REST says what it was."""

    def __init__(
        self,
        driver: Driver,
        symbol: str,
        timeframe: tuple[str, int],
        point: ResumePoint | None,
        timing: Timing,
    ) -> None:
        """`timeframe`: the exchange's word for the bars' length, and the length in seconds."""
        self._driver = driver
        self._symbol = symbol
        self._timeframe, self._bar_s = timeframe
        self._timing = timing
        self._bar_ms = self._bar_s * 1_000
        now_ms = driver.now_ms()
        first_ms = now_ms - now_ms % self._bar_ms - BARS_AT_FIRST * self._bar_ms
        self._next_ms = first_ms if point is None else to_micros(point.last_at) // 1_000
        self._running_ms = 0
        self._shown_ms = 0
        self._asked_ms = 0
        self._closed: list[Candle] = []

    @property
    def cursor_ms(self) -> int:
        """When the bar after the last known one begins."""
        return self._next_ms

    @property
    def waiting_since_s(self) -> float | None:
        """A closed bar waits for nothing."""
        return None

    async def fetch(self) -> bool:
        """One page of bars; closed are those that another one follows."""
        page = await self._driver.bars_since(self._symbol, self._timeframe, self._next_ms)
        self._running_ms = max((bar.begin_ms for bar in page), default=self._running_ms)
        closed = [bar for bar in page if self._next_ms <= bar.begin_ms < self._running_ms]
        self._closed += closed
        if closed:
            self._next_ms = max(bar.begin_ms for bar in closed) + self._bar_ms
        return bool(closed)

    async def watch(self) -> None:
        """Note which bar runs."""
        for bar in await self._driver.watch_bars(self._symbol, self._timeframe):
            self._shown_ms = max(self._shown_ms, bar.begin_ms)

    async def take(self) -> None:
        """Fetch the bars that closed before the one that runs; if REST is too late, the next bar asks again."""
        if self._shown_ms == self._asked_ms:
            return
        self._asked_ms = self._shown_ms
        for attempt in range(self._timing.join_tries):
            if self._shown_ms <= max(self._next_ms, self._running_ms):
                return
            if attempt:
                await asyncio.sleep(self._timing.join_s)
            for _ in range(PAGES_MAX):
                if not await self.fetch():
                    break

    def ready(self, before_ms: int, came_before_s: float) -> list[PriceTick]:
        """The closed bars; while symbols are behind, those that begin before the slowest one's cursor."""
        live = came_before_s > 0
        out = [bar for bar in self._closed if live or bar.begin_ms < before_ms]
        self._closed = self._closed[len(out) :]
        ticks = []
        for bar in out:
            try:
                ticks.append(self._tick(bar))
            except ValidationError as error:
                problem = str(error.errors()[0]["msg"])
                self._driver.drop(f"bar of {self._symbol}", problem, bar)
        return ticks

    def interrupted(self) -> None:
        """Nothing to forget: bars come from REST."""

    def _tick(self, bar: Candle) -> PriceTick:
        return PriceTick(
            symbol=self._symbol,
            price=bar.close,
            timestamp=from_micros((bar.begin_ms + self._bar_ms) * 1_000),
            open=bar.open,
            high=bar.high,
            low=bar.low,
            volume=bar.volume,
            bar_s=self._bar_s,
        )


async def follow(tracks: Sequence[Track], settle_s: float) -> AsyncGenerator[list[PriceTick], None]:
    """Ticks of all tracks, in the order of their times as far as they come so; endless.

    Raises:
        Disconnected, FeedError: as the driver; what is not yet handed on stays in the tracks.
    """
    async with aclosing(_catch_up(tracks)) as batches:
        async for batch in batches:
            yield batch
    async with _watching(tracks) as (woken, check):
        while True:
            await _wait(woken, tracks, settle_s)
            check()
            for track in tracks:
                await track.take()
            yield _ready(tracks, 0, time.monotonic() - settle_s)


async def _catch_up(tracks: Sequence[Track]) -> AsyncGenerator[list[PriceTick], None]:
    behind = dict.fromkeys(tracks, 0)
    while behind:
        slowest = min(behind, key=lambda track: track.cursor_ms)
        behind[slowest] += 1
        if not await slowest.fetch() or behind[slowest] >= PAGES_MAX:
            del behind[slowest]
        yield _ready(tracks, min((track.cursor_ms for track in behind), default=0), 0)


def _ready(tracks: Sequence[Track], before_ms: int, came_before_s: float) -> list[PriceTick]:
    ticks = [tick for track in tracks for tick in track.ready(before_ms, came_before_s)]
    return sorted(ticks, key=lambda tick: tick.timestamp)


async def _wait(woken: asyncio.Event, tracks: Sequence[Track], settle_s: float) -> None:
    """Until something live came, or what waits has settled."""
    waiting = [since for track in tracks if (since := track.waiting_since_s) is not None]
    until = None
    if waiting:
        until = max(0.0, min(waiting) + settle_s - time.monotonic())
    try:
        async with asyncio.timeout(until):
            await woken.wait()
    except TimeoutError:
        return
    woken.clear()


@asynccontextmanager
async def _watching(
    tracks: Sequence[Track],
) -> AsyncIterator[tuple[asyncio.Event, Callable[[], None]]]:
    """Watch every track in a task of its own: `woken` is set when one has something; `check` raises what failed."""
    woken = asyncio.Event()

    async def watch(track: Track) -> None:
        try:
            while True:
                await track.watch()
                woken.set()
        finally:
            woken.set()

    tasks = [asyncio.create_task(watch(track)) for track in tracks]

    def check() -> None:
        for task in tasks:
            if task.done():
                task.result()

    try:
        yield woken, check
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for track in tracks:
            track.interrupted()
