"""Two tables: the same values are the same, however they are divided; a difference is told by its position."""

from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from app.analysis.export import ExportFormat
from app.exporting import tables
from app.exporting.tables import SHOWN_MAX, table_difference

OWN = {b"synapse.epoch": b"e"}
FORMATS = pytest.mark.parametrize("format_", [ExportFormat.PARQUET, ExportFormat.ARROW])


def table(texts: list[str | None], metadata: dict[bytes, bytes] | None = None) -> Any:
    columns = {
        "position": pa.array(range(1, len(texts) + 1), pa.int64()),
        "text": pa.array(texts, pa.string()),
    }
    return pa.table(columns).replace_schema_metadata(OWN if metadata is None else metadata)


def kept(folder: Path, name: str, format_: ExportFormat, events: Any, rows: int = 100) -> Path:
    file = folder / name
    if format_ is ExportFormat.PARQUET:
        pq.write_table(events, file, row_group_size=rows)
    else:
        with pa.ipc.new_file(file, events.schema) as writer:
            writer.write_table(events, max_chunksize=rows)
    return file


@FORMATS
@pytest.mark.parametrize("rows", [1, 3, 7, 100])
@pytest.mark.parametrize("compared", [2, 5, 4_096])
def test_however_a_table_is_divided_it_is_the_same(
    tmp_path: Path,
    format_: ExportFormat,
    rows: int,
    compared: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "COMPARED_ROWS", compared)
    texts = ["a", None, "", *["b"] * 9]
    left = kept(tmp_path, "left", format_, table(texts), rows)
    assert (
        table_difference(left, kept(tmp_path, "right", format_, table(texts), 4), format_) is None
    )
    other = kept(tmp_path, "other", format_, table([*texts[:-1], "c"]), 4)
    assert table_difference(left, other, format_) == (
        "at position 12, text is b, where the log has c"
    )


OTHERS = [
    (table(["a", None]), "at position 2, text is nothing, where the log has b"),
    (table(["a", ""]), "at position 2, text is , where the log has b"),
    (table(["a"]), "it ends after 1 rows"),
    (table(["a", "b", "c"]), "it goes on after 2 rows"),
    (table([]), "it ends after 0 rows"),
    (table(["a", "b"]).rename_columns(["position", "word"]), "its columns are others"),
    (table(["a", "b"]).select(["position"]), "its columns are others"),
    (table(["a", "b"], {}), "its own metadata has synapse.epoch otherwise"),
    (table(["a", "b"], {**OWN, b"synapse.x": b""}), "its own metadata has synapse.x otherwise"),
    (table(["x" * 999, "b"]), f"text is {'x' * SHOWN_MAX}…, where"),
]


@FORMATS
@pytest.mark.parametrize(("found", "said"), OTHERS)
def test_a_difference_is_told(tmp_path: Path, format_: ExportFormat, found: Any, said: str) -> None:
    right = kept(tmp_path, "right", format_, table(["a", "b"]))
    difference = table_difference(kept(tmp_path, "left", format_, found), right, format_)
    assert said in str(difference)


@FORMATS
def test_what_is_not_ours_in_the_metadata_does_not_count(
    tmp_path: Path, format_: ExportFormat
) -> None:
    left = kept(tmp_path, "left", format_, table(["a"], {**OWN, b"writer": b"another"}))
    right = kept(tmp_path, "right", format_, table(["a"]))
    assert table_difference(left, right, format_) is None
