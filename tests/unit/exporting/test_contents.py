"""What is inside a file: counted in every format, and nothing that was cut short is taken for whole."""

import sys
from pathlib import Path

import pytest

from app.analysis import export_arrow
from app.analysis.export import ExportFormat, FormatUnavailable
from app.exporting.asked import Counted
from app.exporting.contents import NotWhole, contents_of
from tests.unit.exporting.exports import a_log, exported

ALL_FORMATS = pytest.mark.parametrize("format_", list(ExportFormat))


@ALL_FORMATS
@pytest.mark.parametrize(("after", "found"), [(0, Counted(20, 1, 20)), (19, Counted(1, 20, 20))])
async def test_events_are_counted(
    tmp_path: Path,
    format_: ExportFormat,
    after: int,
    found: Counted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export_arrow, "BATCH_ROWS", 3)
    kept = await exported(tmp_path, format_, await a_log(), after=after)
    assert contents_of(kept.file, format_) == found


@ALL_FORMATS
async def test_nothing_at_all_is_whole(tmp_path: Path, format_: ExportFormat) -> None:
    kept = await exported(tmp_path, format_, await a_log(), after=20)
    assert contents_of(kept.file, format_) == Counted()


@ALL_FORMATS
async def test_what_was_cut_short_is_not_whole(tmp_path: Path, format_: ExportFormat) -> None:
    kept = await exported(tmp_path, format_, await a_log())
    whole = kept.file.read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 3):
        kept.file.write_bytes(whole[:size])
        with pytest.raises(NotWhole, match=f"is no whole {format_.value} file"):
            contents_of(kept.file, format_)


@pytest.mark.parametrize("format_", [ExportFormat.PARQUET, ExportFormat.ARROW])
async def test_without_what_reads_it_that_is_said(
    tmp_path: Path, format_: ExportFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await exported(tmp_path, format_, await a_log())
    for name in ("parquet", "arrow"):
        monkeypatch.delitem(sys.modules, f"app.analysis.export_{name}", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FormatUnavailable, match="pip install"):
        contents_of(kept.file, format_)


@pytest.mark.parametrize("format_", sorted(set(ExportFormat) - {ExportFormat.NDJSON}))
async def test_an_empty_file_is_none(tmp_path: Path, format_: ExportFormat) -> None:
    """Of ndjson it is: an export of nothing."""
    (tmp_path / "empty").touch()
    with pytest.raises(NotWhole):
        contents_of(tmp_path / "empty", format_)
