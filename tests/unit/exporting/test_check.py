"""Checking: a byte that was changed, an event that is missing and a chain that does not join are found."""

from pathlib import Path

import orjson
import pytest

from app.analysis.export import ExportFormat
from app.exporting.asked import Asked
from app.exporting.check import Finding, file_findings
from app.exporting.manifest import Kept, manifest_place
from app.exporting.save import Target, save
from app.exporting.sources import StoreSource
from tests.unit.exporting.exports import a_log, exported

ALL_FORMATS = pytest.mark.parametrize("format_", list(ExportFormat))


def whats(findings: list[Finding]) -> list[str]:
    return [each.what for each in findings]


def forged(kept: Kept, **changed: object) -> Kept:
    """The same manifest, which tells something else."""
    kept.place.write_bytes(orjson.dumps({**kept.manifest.fields(), **changed}))
    return Kept.load(kept.place)


@ALL_FORMATS
async def test_a_whole_export_is_proven(tmp_path: Path, format_: ExportFormat) -> None:
    kept = await exported(tmp_path, format_, await a_log())
    assert file_findings(kept) == []


@ALL_FORMATS
async def test_one_changed_byte_is_found(tmp_path: Path, format_: ExportFormat) -> None:
    kept = await exported(tmp_path, format_, await a_log())
    data = bytearray(kept.file.read_bytes())
    data[len(data) // 2] ^= 1
    kept.file.write_bytes(data)
    assert whats(file_findings(kept)) == ["file"]
    kept.file.write_bytes(data[:-1])
    assert "bytes, not" in file_findings(kept)[0].text
    kept.file.unlink()
    assert "does not exist" in file_findings(kept)[0].text


@ALL_FORMATS
async def test_a_manifest_that_tells_of_other_events_is_found(
    tmp_path: Path, format_: ExportFormat
) -> None:
    kept = await exported(tmp_path, format_, await a_log())
    for changed in ({"events": 19}, {"first_position": 2}, {"last_position": None}):
        assert whats(file_findings(forged(kept, **changed))) == ["contents"]


async def test_a_file_of_another_format_is_found(tmp_path: Path) -> None:
    kept = await exported(tmp_path, ExportFormat.NDJSON, await a_log())
    (finding,) = file_findings(forged(kept, format="cloudevents"))
    assert finding.what == "contents"
    assert "is no whole cloudevents file" in finding.text


async def test_what_it_goes_on_after_must_join_if_it_is_there(tmp_path: Path) -> None:
    store = await a_log()
    first = await exported(tmp_path, ExportFormat.CSV, store, limit=5)
    file = tmp_path / "more.csv"
    target = Target(file, ExportFormat.CSV, previous=first)
    await save(StoreSource(store), first.asked(), target)
    second = Kept.load(manifest_place(file))
    assert file_findings(second) == []
    forged(first, to=4)
    assert [each.text for each in file_findings(second)] == [
        f"{first.place.name} is not the manifest that this goes on after",
        f"{first.place.name} does not end where this begins",
    ]
    first.place.write_text("{}")
    assert whats(file_findings(second)) == ["previous"]
    first.place.unlink()  # it need not be kept
    assert file_findings(second) == []
    assert Asked(after=5) == first.asked()
