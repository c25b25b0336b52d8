"""Two nodes decide on one log in PostgreSQL: every decision on what was there, nothing lost, nothing doubled."""

# covers: app.ingest, app.decider

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from app.demo import record_bars
from app.ingest import TickIngest
from app.market.alerts.rules import AlertRule
from app.market.commands import RecordTrades, SetAlertRule
from app.market.setup import MarketSetup, parse_paper
from app.market.state import evolve, initial
from app.migrate import upgrade
from events.catalog import AlertKind, TradeExecution, TradeSide, TradeStatus
from events.codec import decode
from events.errors import VersionConflict
from events.log import EventLog
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.postgres import PostgresServer
from tests.unit.market.builders import START, bar, bars, falling

SETUP = MarketSetup(paper=parse_paper("main=SPX,IXIC"))
SYMBOLS = ("SPX", "IXIC", "FTSE")
ROUNDS = 25
PACE_S = 0.005
"""Between two prices of a busy feed: far less than an import of some hundred takes to decide on them."""


@pytest.fixture
async def nodes(postgres: PostgresServer) -> AsyncIterator[list[TickIngest]]:
    url = postgres.empty_database()
    logs = [await EventLog.open(await SqlEventStore.open_postgres(url, upgrade)) for _ in range(2)]
    yield [await TickIngest.open(log, setup=SETUP) for log in logs]
    for log in logs:
        await log.close()


def trade(number: int, symbol: str) -> TradeExecution:
    return TradeExecution(
        trade_id=f"t{number}",
        portfolio_id="own",
        symbol=symbol,
        side=TradeSide.BUY,
        quantity=Decimal(number % 7 + 1),
        price=Decimal(100),
        fees=Decimal(0),
        status=TradeStatus.FILLED,
        reason=None,
        timestamp=START + timedelta(days=400),
    )


async def until_taken(node: TickIngest, number: int, chooser: random.Random) -> None:
    """One piece of work; a node that always loses is told so, and tries again."""
    symbol = chooser.choice(SYMBOLS)
    day = 300 + number // 3
    while True:
        try:
            match number % 5:
                case 0:
                    await node.execute(RecordTrades((trade(number, symbol),), "api"))
                case 1:
                    threshold = Decimal(chooser.randint(50, 150))
                    rule = AlertRule(rule_id="r", kind=AlertKind.PRICE_BELOW, threshold=threshold)
                    await node.execute(SetAlertRule(rule, uuid4()))
                case _:
                    price = f"{100 + chooser.uniform(-30, 5):.2f}"
                    await node.record([bar(price, day, symbol)], "api")
        except VersionConflict:
            continue
        return


@pytest.mark.parametrize("seed", range(3))
async def test_both_fold_to_what_the_log_holds(nodes: list[TickIngest], seed: int) -> None:
    one, two = nodes
    for symbol in SYMBOLS:
        history = [each.model_copy(update={"symbol": symbol}) for each in bars(falling(fall=3))]
        await one.record(history, "import")
    chooser = random.Random(seed)
    await asyncio.gather(
        *(until_taken(chooser.choice(nodes), number, chooser) for number in range(ROUNDS))
    )
    for node in nodes:
        await node.catch_up()
    events = await one._log.store.read(ReadQuery(limit=100_000))
    state = initial(SETUP)
    for event in events:
        state = evolve(state, decode(event), event.source)
    assert one.state == two.state == state
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    per_stream = Counter(event.stream for event in events)
    assert {stream: state.version_of(stream) for stream in per_stream if "prices" in stream} == {
        stream: count for stream, count in per_stream.items() if "prices" in stream
    }
    trades = [e for e in events if e.stream == "trades:own"]
    assert len(trades) == len({e.event_id for e in trades}) == ROUNDS // 5
    # A value follows from every trade before it: the last one knows them all.
    held = sum((p.quantity for p in state.portfolios["own"].positions.values()), Decimal(0))
    assert held == sum((trade(n, "SPX").quantity for n in range(0, ROUNDS, 5)), Decimal(0))


async def test_the_same_prices_sent_to_both_are_recorded_once(nodes: list[TickIngest]) -> None:
    ticks = bars(falling())
    for at in range(0, len(ticks), 30):
        done = await asyncio.gather(*(node.record(ticks[at : at + 30], "api") for node in nodes))
        assert sum(each.duplicates for each in done) == len(ticks[at : at + 30])
    for node in nodes:
        await node.catch_up()
    assert nodes[0].state == nodes[1].state
    assert nodes[0].state.of("SPX").prices_version == len(ticks)


async def test_notices_of_another_node_do_not_starve_a_long_request(
    nodes: list[TickIngest],
) -> None:
    one, two = nodes
    await two.record(bars(["5", "6"]), "api")
    long = [bar(f"{100 + k % 7}", k, "IXIC") for k in range(2_000)]
    recording = asyncio.create_task(one.record(long, "api"))
    late = 0
    while not recording.done():
        # A late price of another symbol: the notice of it is of the system's stream, which all read for the rules.
        await two.record([bar(f"{4 + late / 1000:.3f}", 0)], "api")
        late += 1
    assert (await recording).duplicates == 0
    for node in nodes:
        await node.catch_up()
    assert one.state == two.state
    assert one.state.of("IXIC").prices_version == len(long)


async def test_an_import_gets_through_beside_a_node_that_writes_the_same_symbol_all_the_time(
    nodes: list[TickIngest],
) -> None:
    one, two = nodes
    bars_of_old = [bar(f"{100 + k % 7}", k) for k in range(1_000)]
    importing = asyncio.create_task(record_bars(one, bars_of_old, "import", lambda _done: None))
    written = 0
    while not importing.done():
        written += 1
        await two.record([bar("50", 2_000 + written)], "feed:busy")
        await asyncio.sleep(PACE_S)
    await importing
    for node in nodes:
        await node.catch_up()
    assert one.state == two.state
    assert one.state.of("SPX").prices_version == len(bars_of_old) + written


async def test_a_bar_that_closes_just_after_another_nodes_trade_values_its_portfolio(
    nodes: list[TickIngest],
) -> None:
    one, two = nodes
    await one.record([bar("100", 0, "FTSE")], "api")
    await two.catch_up()
    await one.execute(RecordTrades((trade(5, "FTSE"),), "api"))
    # This node has not heard of the trade.
    assert "own" not in two.state.portfolios
    await two.record([bar("50", 1, "FTSE")], "api")
    assert two.state.portfolios["own"].last_value == Decimal(100_000 - 6 * 50)
