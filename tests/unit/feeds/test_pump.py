"""A pump gives what is ready at once, and notices when nothing comes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.feeds import pump as pump_module
from app.feeds.pump import BATCH_TICKS_MAX, FeedStalled, Pump
from app.market.ticks import PriceTick
from tests.unit.market.builders import bar, bars


class Source:
    """Gives what a test puts in: ticks, an error, or None for the end."""

    def __init__(self, *ticks: PriceTick) -> None:
        self.queue: asyncio.Queue[PriceTick | BaseException | None] = asyncio.Queue()
        self.taken = 0
        self.closed = False
        for tick in ticks:
            self.queue.put_nowait(tick)

    async def ticks(self) -> AsyncIterator[PriceTick]:
        try:
            while (tick := await self.queue.get()) is not None:
                if isinstance(tick, BaseException):
                    raise tick
                self.taken += 1
                yield tick
        finally:
            self.closed = True


class Watch:
    """A clock that moves when a test says so; whoever sleeps is woken then."""

    def __init__(self) -> None:
        self.now = 0.0
        self.moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            await self.moved.wait()

    async def move(self, seconds: float) -> None:
        self.now += seconds
        self.moved.set()
        self.moved = asyncio.Event()
        await settle()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def watched(source: Source, watch: Watch, stalls_after_s: float = 60) -> Pump:
    return Pump(source.ticks(), stalls_after_s, sleep=watch.sleep, monotonic=lambda: watch.now)


async def test_what_is_ready_comes_in_one_batch() -> None:
    ticks = bars(["5", "6", "7"])
    async with Pump(Source(*ticks).ticks(), None) as pump:
        await settle()
        assert await anext(pump) == ticks


async def test_a_slow_tick_comes_at_once() -> None:
    source = Source(bar("5"))
    async with Pump(source.ticks(), None) as pump:
        assert await anext(pump) == [bar("5")]
        later = asyncio.create_task(anext(pump))
        await settle()
        assert not later.done()
        source.queue.put_nowait(bar("6", 1))
        assert await later == [bar("6", 1)]


async def test_a_fast_feed_is_read_ahead_by_one_batch_only() -> None:
    ticks = bars(["5"] * (2 * BATCH_TICKS_MAX + 10))
    source = Source(*ticks)
    source.queue.put_nowait(None)
    async with Pump(source.ticks(), None) as pump:
        while source.taken < BATCH_TICKS_MAX:
            await asyncio.sleep(0)
        await settle()
        assert source.taken == BATCH_TICKS_MAX
        batches = [batch async for batch in pump]
    assert [tick for batch in batches for tick in batch] == ticks
    assert max(map(len, batches)) == BATCH_TICKS_MAX


async def test_what_came_before_an_error_is_given_first() -> None:
    source = Source(bar("5"))
    source.queue.put_nowait(OSError("gone"))
    async with Pump(source.ticks(), None) as pump:
        await settle()
        assert await anext(pump) == [bar("5")]
        with pytest.raises(OSError, match="gone"):
            await anext(pump)
    assert source.closed


async def test_a_feed_that_cancels_itself_has_failed() -> None:
    source = Source()
    source.queue.put_nowait(asyncio.CancelledError())
    async with Pump(source.ticks(), None) as pump:
        with pytest.raises(RuntimeError, match="cancelled itself"):
            await anext(pump)


async def test_silence_is_a_stall_after_its_time_and_not_before() -> None:
    source, watch = Source(bar("5")), Watch()
    async with watched(source, watch) as pump:
        assert await anext(pump) == [bar("5")]
        waiting = asyncio.create_task(anext(pump))
        await settle()
        await watch.move(59)
        source.queue.put_nowait(bar("6", 1))
        assert await waiting == [bar("6", 1)]
        await watch.move(59)
        waiting = asyncio.create_task(anext(pump))
        await settle()
        assert not waiting.done()
        await watch.move(1)
        with pytest.raises(FeedStalled, match="no price came for 60 s"):
            await waiting
    assert source.closed


async def test_a_feed_that_never_begins_has_stalled_too() -> None:
    watch = Watch()
    async with watched(Source(), watch) as pump:
        await settle()
        await watch.move(60)
        with pytest.raises(FeedStalled):
            await anext(pump)


async def test_a_feed_that_has_to_wait_for_us_has_not_stalled() -> None:
    source, watch = Source(*bars(["5"] * (BATCH_TICKS_MAX + 1))), Watch()
    async with watched(source, watch) as pump:
        while source.taken < BATCH_TICKS_MAX:
            await asyncio.sleep(0)
        await watch.move(1_000)
        assert len(await anext(pump)) == BATCH_TICKS_MAX
        assert len(await anext(pump)) == 1


async def test_a_feed_is_closed_wherever_it_stands() -> None:
    waiting, full = Source(), Source(*bars(["5"] * (BATCH_TICKS_MAX + 1)))
    for source in (waiting, full):
        async with Pump(source.ticks(), 60):
            await settle()
            while source is full and source.taken < BATCH_TICKS_MAX:
                await asyncio.sleep(0)
        assert source.closed


async def test_a_feed_that_does_not_close_is_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pump_module, "CLOSE_S_MAX", 0.0)
    freed = asyncio.Event()

    async def stubborn() -> AsyncIterator[PriceTick]:
        try:
            yield bar("5")
            await asyncio.Event().wait()
        finally:
            await freed.wait()

    async with Pump(stubborn(), None) as pump:
        await anext(pump)
        await settle()
    freed.set()
    await settle()
