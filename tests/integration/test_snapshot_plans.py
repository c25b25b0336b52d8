"""Finding the snapshots of a moment costs no more than looking at each of them once."""

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
FEW, MANY = 40, 160
"""Snapshots of each stream."""


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


async def test_work_grows_with_the_snapshots_of_a_stream_and_not_with_their_square(
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
    assert work[1] <= work[0] * MANY / FEW
