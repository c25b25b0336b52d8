"""A manifest: what it tells, read back; and what is none is refused in one line."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.analysis.export import ExportFormat
from app.exporting.asked import Asked
from app.exporting.manifest import BadManifest, Kept
from tests.unit.events.builders import NOON
from tests.unit.exporting.exports import a_log, exported


async def test_it_tells_what_the_file_holds_and_of_which_log(tmp_path: Path) -> None:
    store = await a_log(20)
    head = await store.head()
    kept = await exported(
        tmp_path, ExportFormat.CSV, store, after=2, before=15, channels=["prices"], since=NOON
    )
    data = (tmp_path / "log.csv").read_bytes()
    told = orjson.loads(kept.place.read_bytes())
    assert told == kept.manifest.fields()
    assert told.pop("made_by").startswith("regime-synapse ")
    assert told.pop("made_at").endswith("Z")
    assert told.pop("schemas")["price_update"] == 1
    from_hash, to_hash = (each.hash.hex() for each in await store.read_at([2, 14]))
    assert told == {
        "manifest_version": 1,
        "file": "log.csv",
        "format": "csv",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "events": 8,
        "first_position": 7,
        "last_position": 14,
        "epoch": head.epoch,
        "from": 2,
        "from_hash": from_hash,
        "to": 14,
        "to_hash": to_hash,
        "head": 20,
        "head_hash": head.hash.hex(),
        "selection": {
            "before": 15,
            "since": "2026-01-16T12:00:00.000000Z",
            "channels": ["prices"],
        },
        "previous": None,
    }
    assert kept.file == tmp_path / "log.csv"
    assert kept.asked() == Asked(after=14, channels=["prices"], since=NOON)


async def test_it_covers_what_was_filtered_out_and_stops_where_a_limit_did(tmp_path: Path) -> None:
    store = await a_log(20)
    one = (await exported(tmp_path, ExportFormat.CSV, store, types=["price_alert"])).manifest
    assert (one.events, one.last_position, one.to) == (1, 3, 20)
    none = (await exported(tmp_path, ExportFormat.CSV, store, symbols=["NONE"])).manifest
    assert (none.to, none.to_hash) == (20, none.head_hash)
    first = (await exported(tmp_path, ExportFormat.CSV, store, limit=5)).manifest
    assert (first.events, first.to) == (5, 5)
    assert first.to_hash == (await store.read_at([5]))[0].hash.hex()


BAD: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda _known: [], "is no manifest of an export"),
    (lambda _known: {}, "is no manifest of an export"),
    (lambda known: {**known, "manifest_version": 2}, "version 2: this program reads 1"),
    (lambda known: {**known, "to": "far"}, "is no manifest of an export: to: "),
    (lambda known: {**known, "to": -1}, "is no manifest of an export: to: "),
    (lambda known: {**known, "from": 21}, "it ends at 20, before it begins, 21"),
    (
        lambda known: {**known, "selection": {"symbols": "SPX"}},
        "is no manifest of an export: symbols: ",
    ),
    (
        lambda known: {**known, "selection": {"since": "soon"}},
        "is no manifest of an export: since: ",
    ),
    (
        lambda known: {**known, "selection": {"colour": ["red"]}},
        "is no manifest of an export: colour: ",
    ),
    (lambda known: {**known, "more": 1}, "is no manifest of an export: more: "),
    (lambda known: {**known, "file": "../../etc/passwd"}, "is not one beside it"),
]


@pytest.mark.parametrize(("spoil", "said"), BAD)
async def test_what_is_no_manifest_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], Any], said: str
) -> None:
    kept = await exported(tmp_path, ExportFormat.NDJSON, await a_log())
    kept.place.write_bytes(orjson.dumps(spoil(kept.manifest.fields())))
    with pytest.raises(BadManifest, match=said) as refused:
        Kept.load(kept.place)
    assert "\n" not in str(refused.value)


async def test_the_exported_file_itself_is_no_manifest(tmp_path: Path) -> None:
    for format_ in ExportFormat:
        kept = await exported(tmp_path, format_, await a_log())
        with pytest.raises(BadManifest):
            Kept.load(kept.file)
