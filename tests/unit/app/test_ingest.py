"""`TickIngest`: decided on the log as it is, again if another was first; all or nothing."""

# covers: app.ingest, app.recorded

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from app import ingest as ingest_module
from app import tick_batch
from app.ingest import (
    DECISIONS_MAX,
    FUTURE_MAX,
    Ingested,
    TickIngest,
    TimestampInTheFuture,
)
from app.market.alerts.rules import AlertRule
from app.market.commands import RecordTrades, RemoveAlertRule, SetAlertRule
from app.market.decide_orders import UnknownRule
from app.market.setup import MarketSetup, parse_paper
from app.recorded import SINGLE_LOOKUPS_MAX
from app.tick_batch import TooMuchAtOnce
from events.catalog import AlertKind, PriceUpdate, TradeExecution, TradeSide, TradeStatus
from events.codec import decode
from events.envelope import Idempotency, NewEvent
from events.errors import IdempotencyConflict, StoreUnavailable, VersionConflict
from events.log import EventLog
from events.scalars import to_micros
from events.store import ReadQuery
from tests.unit.app.logs import WatchedStore, everything
from tests.unit.market.builders import bar, bars, falling, tick


async def prices(log: EventLog) -> list[PriceUpdate]:
    decoded = [decode(event) for event in await log.read(ReadQuery(limit=10_000))]
    return [payload for payload in decoded if isinstance(payload, PriceUpdate)]


async def test_two_writers_of_one_log_decide_again(log: EventLog, store: WatchedStore) -> None:
    first, second = await TickIngest.open(log), await TickIngest.open(log)
    assert (await first.record([bar("5", 0)], "api")).events == 2
    # The second read the log before that, so its first decision is refused.
    before = store.appends
    assert (await second.record([bar("6", 1)], "api")).events == 2
    assert store.appends == before + 2
    assert (await first.record([bar("6", 1), bar("7", 2)], "api")).duplicates == 1
    assert [(p.price, p.corrects) for p in await prices(log)] == [
        (Decimal(price), None) for price in ("5", "6", "7")
    ]
    await second.record([bar("8", 3)], "api")
    await first.record([bar("9", 4)], "api")
    assert (await TickIngest.open(log)).state == first.state


async def test_a_late_price_is_late_for_the_writer_that_lost(log: EventLog) -> None:
    first, second = await TickIngest.open(log), await TickIngest.open(log)
    await first.record([bar("5", 3)], "api")
    assert (await second.record([bar("4", 1)], "api")).events == 2
    assert second.state == (await TickIngest.open(log)).state


async def test_a_writer_that_always_loses_says_so(
    log: EventLog, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "DECISION_S_MAX", 0.0)
    ingest = await TickIngest.open(log)

    def lose() -> None:
        raise VersionConflict("prices:SPX", 0, 1)

    store.before = lose
    with pytest.raises(VersionConflict):
        await ingest.record([bar("5")], "api")
    assert store.appends == DECISIONS_MAX
    assert await everything(log) == []


async def test_a_batch_is_one_append(log: EventLog, store: WatchedStore) -> None:
    ingest = await TickIngest.open(log)
    done = await ingest.record(bars(falling()), "import")
    assert store.appends == 1
    assert done.positions == (1, done.events)


async def test_a_failed_append_changes_nothing(log: EventLog, store: WatchedStore) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record([bar("5", 0)], "api")
    before = ingest.state

    def fail() -> None:
        raise StoreUnavailable("the disk is full")

    store.before = fail
    with pytest.raises(StoreUnavailable):
        await ingest.record(bars(["6", "7"], first_day=1), "api")
    assert ingest.state is before
    store.before = lambda: None
    assert (await ingest.record(bars(["6", "7"], first_day=1), "api")).events == 4


async def test_one_batch_or_many_record_the_same(log: EventLog) -> None:
    ticks = bars(falling())
    ingest = await TickIngest.open(log)
    for each in ticks:
        await ingest.record([each], "import")
    whole = await EventLog.open(WatchedStore())
    await (await TickIngest.open(whole)).record(ticks, "import")
    assert await everything(whole) == await everything(log)
    await whole.close()


@pytest.mark.parametrize("many", [1, SINGLE_LOOKUPS_MAX + 5])
async def test_corrections_name_the_newest_price_of_their_time(log: EventLog, many: int) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record(bars(["5"] * many), "api")
    await ingest.record(bars(["6"] * many), "api")
    done = await ingest.record([*bars(["7"] * many), *bars(["8"] * many)], "api")
    assert done.events == 2 * 2 * many
    events = await log.read(ReadQuery(types=frozenset({"price_update"}), limit=10_000))
    ids = [str(event.event_id) for event in events]
    corrects = [price.corrects for price in await prices(log)]
    assert corrects == [None] * many + ids[: 3 * many]


async def test_a_price_that_flips_back_is_recorded_once(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    done = await ingest.record([bar(price) for price in ("5", "6", "5", "6", "5.0")], "api")
    # Two of them are the price that was corrected, and back; each correction comes with its notice.
    assert (done.events, done.duplicates) == (4, 3)
    again = await ingest.record([bar(price) for price in ("5", "6")], "api")
    assert again == Ingested(None, 0, 2)


async def test_late_ticks_within_a_batch_know_their_own_batch(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record([bar("5", 1), bar("6", 3), bar("7", 1), bar("7", 1), bar("8", 2)], "api")
    first, _, third, fourth = await prices(log)
    assert (first.corrects, fourth.corrects) == (None, None)
    assert third.corrects is not None


async def test_a_key_gets_its_first_answer_again(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    key = Idempotency("key", b"one", "")
    first = await ingest.record([bar("5"), bar("5")], "api", key)
    assert first == Ingested((1, 2), 2, 1)
    await ingest.record([bar("6", 1)], "api")
    assert await ingest.record([bar("5"), bar("5")], "api", key) == first
    with pytest.raises(IdempotencyConflict):
        await ingest.record([bar("7", 2)], "api", Idempotency("key", b"two", ""))
    assert len(await prices(log)) == 2
    nothing_new = Idempotency("other", b"one", "")
    assert await ingest.record([bar("5")], "api", nothing_new) == Ingested(None, 0, 1)
    assert await ingest.record([bar("5")], "api", nothing_new) == Ingested(None, 0, 1)


async def test_a_regime_is_repeated_as_it_stands(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    await ingest.repeat_regimes(["SPX"], "simulated")
    assert await everything(log) == []
    await ingest.record([bar("5")], "simulated")
    await ingest.repeat_regimes(["SPX"], "simulated")
    await ingest.repeat_regimes(["SPX"], "simulated")
    streams = [(stream, version) for stream, version, _ in await everything(log)]
    assert streams == [("prices:SPX", 1), *((("regime:SPX"), n) for n in (1, 2, 3))]


async def test_other_events_change_no_decision(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record(bars(["5", "6"]), "api")
    state = (await TickIngest.open(log)).state
    events = await log.read(ReadQuery(types=frozenset({"regime_update"}), limit=1))
    regime = decode(events[0])
    await log.append([NewEvent(payload=regime, event_id=uuid4(), source="manual")])
    assert (await TickIngest.open(log)).state == state == ingest.state


async def test_a_tick_in_an_open_bar_belongs_to_the_batch(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    at = bar("5").timestamp
    done = await ingest.record([tick("5", at), tick("5", at), tick("6", at)], "api")
    assert done.duplicates == 1
    assert [price.corrects is None for price in await prices(log)] == [True, False]


NOW = datetime(2030, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize("source", ["api", "import"])
async def test_a_price_from_outside_may_not_be_dated_far_ahead(log: EventLog, source: str) -> None:
    ingest = await TickIngest.open(log, lambda: to_micros(NOW))
    for at in (NOW + FUTURE_MAX + timedelta(microseconds=1), LAST):
        with pytest.raises(TimestampInTheFuture, match=r"price 2 \(SPX\) is dated .* after this"):
            await ingest.record([tick("5", NOW), tick("6", at)], source)
    assert await everything(log) == []
    assert (await ingest.record([tick("6", NOW + FUTURE_MAX)], source)).events > 0


async def test_the_clock_decides_at_the_moment_of_the_request(log: EventLog) -> None:
    clock = [to_micros(NOW)]
    ingest = await TickIngest.open(log, lambda: clock[0])
    later = tick("5", NOW + 2 * FUTURE_MAX)
    with pytest.raises(TimestampInTheFuture):
        await ingest.record([later], "api")
    clock[0] = to_micros(NOW + FUTURE_MAX)
    assert (await ingest.record([later], "api")).events > 0
    # A clock at the end of time bounds nothing, and breaks nothing.
    clock[0] = to_micros(LAST)
    assert (await ingest.record([tick("6", LAST)], "api")).events > 0


@pytest.mark.parametrize("source", ["feed:replayed", "simulated"])
async def test_a_feed_plays_any_market_time(log: EventLog, source: str) -> None:
    ingest = await TickIngest.open(log, lambda: to_micros(NOW))
    assert (await ingest.record([tick("5", NOW), tick("6", LAST)], source)).events > 0
    assert [price.timestamp for price in await prices(log)] == [NOW, LAST]


async def test_a_repeated_key_gets_its_first_answer_where_the_command_would_be_refused_by_now(
    log: EventLog,
) -> None:
    ingest = await TickIngest.open(log)
    rule = AlertRule(rule_id="deep", kind=AlertKind.PRICE_BELOW, threshold=Decimal(5))
    await ingest.execute(SetAlertRule(rule, uuid4()))
    key = Idempotency("remove:k", b"deep", "")

    async def remove() -> Ingested:
        return await ingest.execute(RemoveAlertRule("deep", uuid4()), key)

    first, second = await asyncio.gather(remove(), remove())
    assert first == second == await remove() == Ingested((2, 2), 1, 0)
    with pytest.raises(UnknownRule):
        await ingest.execute(RemoveAlertRule("deep", uuid4()))


async def test_what_leads_to_too_much_at_once_is_refused_as_a_whole(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick_batch, "FIGURES_MAX", 10)
    ingest = await TickIngest.open(log)
    with pytest.raises(TooMuchAtOnce, match="more than 10 events"):
        await ingest.record(bars(["5"] * 6), "api")
    assert (await log.store.head()).position == 0
    assert (await ingest.record(bars(["5"] * 5), "api")).events == 10


async def test_one_interval_values_a_portfolio_once(log: EventLog) -> None:
    setup = MarketSetup(paper=parse_paper("main=SPX,IXIC"))
    ingest = await TickIngest.open(log, setup=setup)
    for price, at in zip(falling(fall=0), range(300), strict=True):
        await ingest.record([bar(price, at), bar(price, at, "IXIC")], "api")
    head = log.head.position
    await ingest.repeat_regimes(["SPX", "IXIC"], "feed:f")
    repeated = await log.read(ReadQuery(after=head, limit=10))
    assert [event.stream for event in repeated] == ["regime:IXIC", "regime:SPX", "portfolio:main"]


async def test_a_trade_from_outside_in_a_paper_portfolio_is_told_in_the_log_of_the_program(
    log: EventLog, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest = await TickIngest.open(log, setup=MarketSetup(paper=parse_paper("main=*")))
    await ingest.record([bar("5")], "api")
    trade = TradeExecution(
        trade_id="t1",
        portfolio_id="main",
        symbol="SPX",
        side=TradeSide.BUY,
        quantity=Decimal(1),
        price=Decimal(5),
        fees=Decimal(0),
        status=TradeStatus.FILLED,
        reason=None,
        timestamp=bar("5").timestamp,
    )
    await ingest.execute(RecordTrades((trade,), "api"))
    assert "paper_trader_off" in capsys.readouterr().out
