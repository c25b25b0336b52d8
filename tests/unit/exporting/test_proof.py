"""Proving: whatever is not what the log gives is found, also where the manifest was changed to fit."""

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from app.analysis.export import ExportFormat
from app.exporting.asked import Asked
from app.exporting.manifest import Kept
from app.exporting.proof import Proof, proof_of
from app.exporting.sources import StoreSource
from events.envelope import Append
from events.memory_store import MemoryEventStore
from tests.unit.events.builders import NOON, new, price
from tests.unit.exporting.exports import a_log, exported

ALL_FORMATS = pytest.mark.parametrize("format_", list(ExportFormat))
TEXTS = pytest.mark.parametrize(
    "format_", [ExportFormat.NDJSON, ExportFormat.CSV, ExportFormat.CLOUDEVENTS]
)
TABLES = pytest.mark.parametrize("format_", [ExportFormat.PARQUET, ExportFormat.ARROW])
PROVEN = Proof([], "bytes")


def retold(kept: Kept, **changed: object) -> Kept:
    """Its manifest, made to fit the file as it is now; and telling something else."""
    data = kept.file.read_bytes()
    fitting = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    kept.place.write_bytes(orjson.dumps({**kept.manifest.fields(), **fitting, **changed}))
    return Kept.load(kept.place)


async def grown(store: MemoryEventStore) -> None:
    more = tuple(new(price("SPX", str(9 + number), 50 + number)) for number in range(9))
    await store.append([Append(more)])


async def said(store: MemoryEventStore, kept: Kept) -> str:
    proof = await proof_of(StoreSource(store), kept)
    assert proof.compared is None
    (finding,) = proof.findings
    return f"{finding.what}: {finding.text}"


@ALL_FORMATS
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"after": 3, "before": 15},
        {"limit": 5},
        {"limit": 99, "channels": ["regime", "prices", "regime"]},
        {"symbols": ["^GSPC", "SPX"], "since": NOON, "after": 20},
    ],
)
async def test_an_export_is_proven_also_when_the_log_has_grown(
    tmp_path: Path, format_: ExportFormat, asked: dict[str, Any]
) -> None:
    store = await a_log()
    kept = await exported(tmp_path, format_, store, **asked)
    for _ in range(2):
        assert await proof_of(StoreSource(store), kept) == PROVEN
        await grown(store)


@ALL_FORMATS
async def test_an_export_of_an_empty_log_is_proven(tmp_path: Path, format_: ExportFormat) -> None:
    store = MemoryEventStore()
    kept = await exported(tmp_path, format_, store)
    assert await proof_of(StoreSource(store), kept) == PROVEN


@ALL_FORMATS
async def test_the_same_up_to_the_same_position_is_the_same_file(
    tmp_path: Path, format_: ExportFormat
) -> None:
    store = await a_log()
    first = await exported(tmp_path, format_, store, symbols=["SPX", "^GSPC"])
    await grown(store)
    again = {"symbols": ["^GSPC", "SPX", "SPX"], "before": first.manifest.to + 1}
    second = await exported(tmp_path, format_, store, "again", **again)
    assert second.file.read_bytes() == first.file.read_bytes()
    assert second.manifest.head == first.manifest.head + 9


@TEXTS
async def test_a_forged_line_is_found(tmp_path: Path, format_: ExportFormat) -> None:
    store = await a_log()
    kept = await exported(tmp_path, format_, store)
    text = kept.file.read_bytes()
    kept.file.write_bytes(text.replace(b"BULL", b"BEAR"))
    line = text[: text.index(b"BULL")].count(b"\n") + 1
    expected = f"log: line {line} of {kept.file.name} is not what the log gives"
    assert await said(store, retold(kept)) == expected
    assert (await said(store, retold(kept, made_by="regime-synapse 0.0.9"))).startswith(
        f"{expected}; regime-synapse 0.0.9 made it, and this is regime-synapse "
    )
    assert "at other schemas" in await said(store, retold(kept, schemas={}))


async def test_what_was_left_out_or_put_in_is_found(tmp_path: Path) -> None:
    store = await a_log()
    kept = await exported(tmp_path, ExportFormat.CSV, store)
    lines = kept.file.read_bytes().splitlines(keepends=True)
    kept.file.write_bytes(b"".join(lines[:-1]))
    fewer = retold(kept, events=19, last_position=19)
    assert f"line {len(lines)} of log.csv" in await said(store, fewer)
    kept.file.write_bytes(b"".join([*lines, lines[-1].replace(b"20,", b"21,", 1)]))
    more = retold(kept, events=21, last_position=21)
    assert f"line {len(lines) + 1} of log.csv" in await said(store, more)


@ALL_FORMATS
async def test_a_selection_that_was_another_is_found(tmp_path: Path, format_: ExportFormat) -> None:
    """Who leaves events out may tell that they were never asked for, and the other way round."""
    store = await a_log()
    kept = await exported(tmp_path, format_, store, types=["price_alert"])
    assert "is not what the log gives" in await said(store, retold(kept, selection={}))
    part = await exported(tmp_path, format_, store, limit=5)
    head = (await store.head()).hash.hex()
    reaching = retold(part, to=20, to_hash=head)
    assert (await said(store, reaching)).startswith("manifest: its limit of 5 was reached at")


def rewritten(kept: Kept, **changed: str) -> Kept:
    """The same table as another writer would write it, with some columns' cells replaced by one text."""
    is_parquet = kept.manifest.format is ExportFormat.PARQUET
    table = pq.read_table(kept.file) if is_parquet else pa.ipc.open_file(kept.file).read_all()
    for name, text in changed.items():
        place, column = table.schema.get_field_index(name), table[name]
        cells = pc.if_else(pc.is_valid(column), text, column)
        table = table.set_column(place, table.schema.field(place), cells)
    if is_parquet:
        own = pq.ParquetFile(kept.file).metadata.metadata
        with pq.ParquetWriter(kept.file, table.schema, compression="snappy") as writer:
            writer.write_table(table, row_group_size=7)
            writer.add_key_value_metadata(
                {name: text for name, text in own.items() if name.startswith(b"synapse.")}
            )
    else:
        with pa.ipc.new_file(kept.file, table.schema) as writer:
            writer.write_table(table, max_chunksize=7)
    return retold(kept)


@TABLES
async def test_what_another_pyarrow_wrote_is_proven_by_its_table(
    tmp_path: Path, format_: ExportFormat
) -> None:
    store = await a_log()
    kept = await exported(tmp_path, format_, store)
    before = kept.file.read_bytes()
    honest = rewritten(kept)
    assert honest.file.read_bytes() != before
    assert await proof_of(StoreSource(store), honest) == Proof([], "table")


@TABLES
async def test_a_forged_cell_is_found_whoever_wrote_it(
    tmp_path: Path, format_: ExportFormat
) -> None:
    store = await a_log()
    kept = await exported(tmp_path, format_, store)
    assert await said(store, rewritten(kept, regime="BEAR")) == (
        f"log: {kept.file.name} is not what the log gives:"
        " at position 2, regime is BEAR, where the log has BULL"
    )


async def test_the_log_is_not_read_for_a_file_that_is_not_the_manifests(tmp_path: Path) -> None:
    store = await a_log()
    kept = await exported(tmp_path, ExportFormat.CSV, store)
    kept.file.unlink()
    assert await said(store, kept) == f"file: {kept.file} does not exist"


async def test_how_far_it_is_is_told(tmp_path: Path) -> None:
    store = await a_log()
    kept = await exported(tmp_path, ExportFormat.CSV, store)
    told: list[int] = []
    await proof_of(StoreSource(store), kept, lambda size, _download: told.append(size))
    assert told[-1] == kept.manifest.bytes


async def test_a_manifest_gives_the_question_again(tmp_path: Path) -> None:
    kept = await exported(tmp_path, ExportFormat.CSV, await a_log(), after=2, limit=3, since=NOON)
    assert kept.manifest.again() == Asked(after=2, before=6, limit=3, since=NOON)
