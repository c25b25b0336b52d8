"""An exchange's trades in the log: through the real broadcaster, disconnects and restarts included."""

import asyncio

from app.broadcaster import MarketDataBroadcaster
from app.feed_runner import FeedPhase
from app.ingest import TickIngest
from events.codec import payload_fields
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.scalars import format_time, from_micros
from events.store import ReadQuery
from tests.integration.exchange_player import ago_us, expected, feed_of
from tests.integration.exchange_server import Deal, running_exchange

BTC = "BTC/USD"


async def prices(log: EventLog) -> list[tuple[object, ...]]:
    query = ReadQuery(types=frozenset({"price_update"}), limit=10_000)
    fields = [payload_fields(event) for event in await log.read(query)]
    return [(one["symbol"], one["price"], one["timestamp"], one["corrects"]) for one in fields]


async def test_the_log_holds_every_trade_once() -> None:
    log = await EventLog.open(MemoryEventStore())
    deals: list[Deal] = []
    base = ago_us(40)
    async with running_exchange() as server:

        def trade(count: int, *, send: bool = True) -> None:
            for _ in range(count):
                n = len(deals)
                deals.append(server.deal(BTC, f"{100 + n % 7}.5", base + n * 300, send=send))

        for _ in range(2):
            ingest = await TickIngest.open(log)
            feed = feed_of(server)
            broadcaster = MarketDataBroadcaster(log, ingest, [feed], 1_000.0)
            broadcaster.start()
            try:
                status = broadcaster.status[feed.name]
                await server.subscribed("trade", BTC)
                trade(20)
                server.reset()
                trade(5, send=False)
                await server.subscribed("trade", BTC)
                trade(10)
                await _until_recorded(log, len(deals))
                assert status.phase is FeedPhase.RUNNING
                assert status.late == 0
            finally:
                await broadcaster.stop()
                await ingest.close()
            trade(7, send=False)
    told = await prices(log)
    await log.close()
    told_times = [
        (symbol, price, format_time(from_micros(at_us)), None)
        for symbol, price, at_us in expected(deals[:-7])
    ]
    assert told == told_times


async def _until_recorded(log: EventLog, number: int) -> None:
    async with asyncio.timeout(5):
        while len(await prices(log)) < number:
            await asyncio.sleep(0.01)
