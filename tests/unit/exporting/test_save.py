"""Saving: nothing has the file's name before all of it is there, and nothing that is in the way is lost."""

# covers: app.exporting.sources, app.exporting.engine

from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.analysis.export import ExportFormat
from app.exporting import engine
from app.exporting.asked import Asked, EmptyRange, NotTheSameLog
from app.exporting.manifest import Kept, manifest_place
from app.exporting.save import Target, pour, save
from app.exporting.sources import StoreSource, UnknownSymbol, refuse_another, refuse_unknown
from app.new_file import RefusedToReplace
from events.envelope import EventColumns
from events.errors import PositionBeyondHead, StoreUnavailable
from events.memory_store import MemoryEventStore
from events.store import ReadQuery
from tests.unit.events.builders import new, price
from tests.unit.exporting.exports import a_log, exported

CSV = ExportFormat.CSV


class FailingStore(MemoryEventStore):
    """A log whose second page cannot be read."""

    reads = 0

    async def read_columns(self, query: ReadQuery) -> EventColumns:
        self.reads += 1
        if self.reads == 2:
            raise StoreUnavailable("the disk is gone")
        return await super().read_columns(query)


async def test_a_fault_on_the_way_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "EXPORT_PAGE_EVENTS", 7)
    store, file = FailingStore(), tmp_path / "log.csv"
    await store.append([_appended(20)])
    with pytest.raises(StoreUnavailable):
        await save(StoreSource(store), Asked(), Target(file, CSV))
    assert list(tmp_path.iterdir()) == []
    await save(StoreSource(store), Asked(), Target(file, CSV))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(before) == {"log.csv", "log.csv.manifest.json"}
    store.reads = 0
    with pytest.raises(StoreUnavailable):
        await save(StoreSource(store), Asked(), Target(file, CSV, force=True))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def _appended(events: int) -> Any:
    from events.envelope import Append

    return Append(tuple(new(price("SPX", str(50 + number), number)) for number in range(events)))


async def test_a_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    store, file = await a_log(), tmp_path / "log.csv"
    await exported(tmp_path, CSV, store)
    for name in ("log.csv", "log.csv.manifest.json"):  # either is in the way
        other = tmp_path / ("log.csv.manifest.json" if name == "log.csv" else "log.csv")
        put_aside = other.rename(tmp_path / "aside")
        with pytest.raises(RefusedToReplace, match=f"{name} exists already"):
            await save(StoreSource(store), Asked(), Target(file, CSV))
        put_aside.rename(other)
    await save(StoreSource(store), Asked(limit=1), Target(file, CSV, force=True))
    assert Kept.load(manifest_place(file)).manifest.events == 1


async def test_it_goes_on_after_another_and_names_it(tmp_path: Path) -> None:
    store = await a_log(12)
    first = await exported(tmp_path, CSV, store, channels=["prices"], limit=3)
    await store.append([_appended(5)])
    await refuse_another(StoreSource(store), first.manifest)
    file = tmp_path / "more.ndjson"
    target = Target(file, ExportFormat.NDJSON, previous=first)
    second = await save(StoreSource(store), first.asked(), target)
    assert (second.start, second.from_hash) == (first.manifest.to, first.manifest.to_hash)
    assert second.previous is not None
    assert (second.previous.manifest, second.previous.sha256) == (first.place.name, first.sha256)
    found = [orjson.loads(line)["position"] for line in file.read_bytes().splitlines()]
    prices = await store.read(ReadQuery(types=frozenset({"price_update"})))
    assert found == [event.position for event in prices][3:]


async def test_it_never_replaces_what_it_goes_on_after(tmp_path: Path) -> None:
    store = await a_log()
    first = await exported(tmp_path, CSV, store)
    target = Target(first.file, CSV, force=True, previous=first)
    with pytest.raises(RefusedToReplace, match="is what this goes on after"):
        await save(StoreSource(store), first.asked(), target)


async def test_it_does_not_go_on_in_another_log(tmp_path: Path) -> None:
    first = (await exported(tmp_path, CSV, await a_log())).manifest
    with pytest.raises(NotTheSameLog, match="the log is in lifetime"):
        await refuse_another(StoreSource(await a_log()), first)
    store = await a_log()
    source = StoreSource(store)
    mine = (await exported(tmp_path, CSV, store, before=9)).manifest
    await refuse_another(source, mine)
    for changed, said in (
        ({"to": 21}, "the log ends before position 21"),
        ({"to_hash": "00"}, "at position 8 the log's hash is "),
        ({"from_hash": "11"}, "at position 0 the log's hash is 000"),
        ({"head_hash": "22"}, "at position 20 the log's hash is "),
        ({"head": 99}, "the log ends before position 99, its head then"),
    ):
        with pytest.raises(NotTheSameLog, match=said):
            await refuse_another(source, mine.model_copy(update=changed))


async def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    source, target = StoreSource(await a_log()), Target(tmp_path / "log.csv", CSV)
    with pytest.raises(EmptyRange):
        await save(source, Asked(after=3, before=2), target)
    with pytest.raises(PositionBeyondHead):
        await save(source, Asked(after=21), target)
    assert list(tmp_path.iterdir()) == []


async def test_an_unknown_symbol_is_refused_with_those_that_there_are() -> None:
    source = StoreSource(await a_log())
    await refuse_unknown(source, ["SPX", "^GSPC"])
    with pytest.raises(
        UnknownSymbol, match=r"no spx in this log: it has SPX, \^GSPC; did you mean SPX"
    ):
        await refuse_unknown(source, ["SPX", "spx"])
    with pytest.raises(UnknownSymbol, match="this log has no symbol yet"):
        await refuse_unknown(StoreSource(MemoryEventStore()), ["SPX"])


async def test_what_is_poured_out_is_what_is_saved(tmp_path: Path) -> None:
    store, out = await a_log(), BytesIO()
    kept = await exported(tmp_path, CSV, store)
    await pour(StoreSource(store), CSV, Asked(), out)
    assert out.getvalue() == kept.file.read_bytes()
