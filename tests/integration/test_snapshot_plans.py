"""Finding the snapshots of a moment is a search: it costs the same however many there are."""

from pathlib import Path

from app.migrate import upgrade
from events.envelope import Append
from events.scalars import to_micros
from events.snapshots import Snapshot, SnapshotKind, pack
from events.sql_store import SqlEventStore
from tests.integration.sql_work import Log, work_of
from tests.unit.events.builders import at, new, price

KIND = SnapshotKind("shown", "1-abc")
SYMBOLS = "ABCDEFGH"
FEW, MANY = 40, 640
"""Snapshots of each stream."""
GROWTH_MAX = 1.6
"""How much more work the many may be: the search takes four steps more."""


async def log_with(path: Path, each: int) -> Log:
    store = await SqlEventStore.open_sqlite(path, upgrade)
    for symbol in SYMBOLS:
        moments = [price(symbol, "1", second) for second in range(each)]
        await store.append([Append(tuple(new(moment) for moment in moments))])
    for number, symbol in enumerate(SYMBOLS):
        await store.save_snapshots(
            [
                Snapshot(KIND, f"prices:{symbol}", number * each + k + 1, to_micros(at(k)), pack(k))
                for k in range(each)
            ]
        )
    return Log(store, each, "sqlite")


async def test_work_does_not_grow_with_the_snapshots_of_a_stream(
    tmp_path: Path,
) -> None:
    names = [f"prices:{symbol}" for symbol in SYMBOLS]

    async def ask(log: Log) -> object:
        at_us, known = to_micros(at(log.size // 2)), log.size * len(SYMBOLS)
        return await log.store.market_snapshots(KIND, names, at_us, known)

    work = []
    for each in (FEW, MANY):
        log = await log_with(tmp_path / f"{each}.db", each)
        work.append(await work_of(log, ask))
        await log.store.close()
    assert work[1] <= work[0] * GROWTH_MAX


async def test_nor_does_it_where_a_late_event_made_all_of_them_anew(tmp_path: Path) -> None:
    names = [f"prices:{symbol}" for symbol in SYMBOLS]
    work = []
    for each in (FEW, MANY):
        log = await log_with(tmp_path / f"{each}.db", each)
        late = [new(price(symbol, "2", -1)) for symbol in SYMBOLS]
        await log.store.append([Append(tuple(late))])
        known = (await log.store.head()).position
        places = dict(zip(names, range(each * len(SYMBOLS) + 1, known + 1), strict=True))
        await log.store.save_snapshots(
            [
                Snapshot(KIND, name, position, to_micros(at(k)), pack(k))
                for name, position in places.items()
                for k in range(each)
            ]
        )
        middle = to_micros(at(each // 2))

        async def ask(log: Log, middle: int = middle, known: int = known) -> object:
            return await log.store.market_snapshots(KIND, names, middle, known)

        work.append(await work_of(log, ask))
        found = await log.store.market_snapshots(KIND, names, middle, known)
        assert {name: one.place for name, one in found.items()} == {
            name: (middle, position) for name, position in places.items()
        }
        await log.store.close()
    assert work[1] <= work[0] * GROWTH_MAX
