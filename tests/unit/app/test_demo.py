"""The demo's history: imported once, and to the end after an import that was interrupted."""

from datetime import UTC, datetime

from app.demo import HISTORY_ENDS, IMPORT_TICKS, demo_feeds, missing_history, record_bars
from app.feeds.samples import SAMPLES
from app.ingest import TickIngest
from app.market.state import MarketState, initial
from app.market.ticks import PriceTick
from events.log import EventLog
from tests.unit.app.logs import everything
from tests.unit.market.builders import bar, play


def after(ticks: list[PriceTick]) -> MarketState:
    return play(ticks)[0]


def test_an_empty_log_misses_all_of_the_history() -> None:
    missing = missing_history(initial())
    assert {tick.symbol for tick in missing} == set(SAMPLES)
    assert max(tick.timestamp for tick in missing) == HISTORY_ENDS
    assert min(tick.timestamp for tick in missing).year == 1999


def test_an_interrupted_import_misses_the_rest() -> None:
    whole = missing_history(initial())
    state, recorded = initial(), 0
    for done in (1, len(whole) // 2, len(whole) - 1, len(whole)):
        state = play(whole[recorded:done], state)[0]
        recorded = done
        assert missing_history(state) == whole[done:]


def test_a_log_that_has_gone_further_misses_nothing() -> None:
    later = datetime(2018, 1, 2, 21, tzinfo=UTC)
    state = after(
        [bar("5", symbol=name).model_copy(update={"timestamp": later}) for name in SAMPLES]
    )
    assert missing_history(state) == []


def test_other_symbols_change_nothing() -> None:
    assert len(missing_history(after([bar("5", symbol="SIM")]))) == len(missing_history(initial()))


async def test_recording_tells_its_progress_and_what_it_found(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    ticks = missing_history(initial())[: IMPORT_TICKS * 2 + 7]
    told: list[int] = []
    events, duplicates = await record_bars(ingest, iter(ticks), "import", told.append)
    assert (events, duplicates) == (len(await everything(log)), 0)
    assert told == [IMPORT_TICKS, IMPORT_TICKS, 7]
    assert await record_bars(ingest, ticks, "import", told.append) == (0, len(ticks))


async def test_the_feeds_begin_where_the_history_ends() -> None:
    *played, simulated = demo_feeds(1_000)
    assert [feed.symbols for feed in played] == [(name,) for name in SAMPLES]
    assert (simulated.name, simulated.symbols) == ("simulated", ("SIM",))
    for feed in played:
        first = await anext(aiter(feed.ticks({})))
        assert first.timestamp > HISTORY_ENDS
        assert first.timestamp.year == 2018
