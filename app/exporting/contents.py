"""What an exported file holds: how many events, and the positions of the first and the last one."""

import csv
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

import orjson

from app.analysis.export import TABLES, ExportFormat, module_of
from app.analysis.export_schema import PLACES
from app.exporting.asked import Counted
from events.errors import EventError

CSV_CELL_MAX: Final = 2**27
"""Characters in a cell; Python's own limit is shorter than a payload may be."""


class NotWhole(EventError):
    """A file that is no whole export of its format."""

    code = "not_whole"


def contents_of(file: Path, format_: ExportFormat) -> Counted:
    """Look into a file; a few seconds for a million events as CSV, and much less for any other format.

    Raises:
        NotWhole: it cannot be read to its end.
        FormatUnavailable: what reads its format is not installed.
        OSError: it cannot be read at all.
    """
    if format_ in TABLES:
        module_of(format_)
    try:
        return _READERS[format_](file)
    except OSError as error:
        if error.errno is None:  # pyarrow's, for what it cannot read
            raise NotWhole(f"{file.name} is no whole {format_.value} file: {error}") from error
        raise
    except (
        ValueError,
        TypeError,
        LookupError,
        csv.Error,
    ) as error:  # pyarrow's own errors are ValueErrors
        raise NotWhole(f"{file.name} is no whole {format_.value} file: {error}") from error


def _ndjson(file: Path) -> Counted:
    count, first, last = 0, b"", b"\n"
    with file.open("rb") as lines:
        for last in lines:
            first = first or last
            count += 1
    if not last.endswith(b"\n"):
        raise ValueError("its last line has no end")
    if not count:
        return Counted()
    return Counted(count, _position(first), _position(last))


def _cloudevents(file: Path) -> Counted:
    count, first, last = 0, b"", b""
    with file.open("rb") as lines:
        if next(lines, b"") != b"[\n":
            raise ValueError("it does not begin an array")
        for line, following in pairwise(lines):
            if following == b"]\n":
                last = line
            first = first or line
            count += 1
    with file.open("rb") as lines:
        lines.seek(-2, 2)
        if lines.read() != b"]\n":
            raise ValueError("its array does not end")
    if not count:
        return Counted()
    return Counted(count, _position(first), _position(last))


def _position(line: bytes) -> int:
    return int(orjson.loads(line.rstrip(b",\n"))["position"])


def _csv(file: Path) -> Counted:
    counted = Counted()
    usual = csv.field_size_limit(CSV_CELL_MAX)
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines, strict=True)
            width = len(next(rows, ()))
            if not width:
                raise ValueError("it has no header")
            for row in rows:
                if len(row) != width:
                    raise ValueError(f"a row has {len(row)} cells, not {width}")
                counted.add([int(row[0])])
    finally:
        csv.field_size_limit(usual)
    with file.open("rb") as lines:
        lines.seek(-2, 2)
        if lines.read() != b"\r\n":
            raise ValueError("its last row has no end")
    return counted


def _parquet(file: Path) -> Counted:
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    with pq.ParquetFile(file) as table:
        groups = [
            each for each in range(table.num_row_groups) if table.metadata.row_group(each).num_rows
        ]
        if not groups:
            return Counted()
        ends = (
            table.read_row_group(each, ["position"])["position"] for each in (groups[0], groups[-1])
        )
        first, last = (
            positions[place].as_py() for positions, place in zip(ends, (0, -1), strict=True)
        )
        return Counted(table.metadata.num_rows, first, last)


def _arrow(file: Path) -> Counted:
    import pyarrow as pa

    counted = Counted()
    alone = pa.ipc.IpcReadOptions(included_fields=[PLACES["position"]])
    with pa.OSFile(str(file)) as data, pa.ipc.open_file(data, options=alone) as batches:
        for number in range(batches.num_record_batches):
            positions = batches.get_batch(number).column("position")
            if len(positions):
                counted.add_range(len(positions), positions[0].as_py(), positions[-1].as_py())
    return counted


_READERS: Final[Mapping[ExportFormat, Callable[[Path], Counted]]] = {
    ExportFormat.NDJSON: _ndjson,
    ExportFormat.CSV: _csv,
    ExportFormat.PARQUET: _parquet,
    ExportFormat.ARROW: _arrow,
    ExportFormat.CLOUDEVENTS: _cloudevents,
}
