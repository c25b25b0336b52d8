"""The tables of two files compared, value for value: as Parquet and Arrow, whichever pyarrow wrote them.

What a writer puts beside the values (how they are compressed and divided, the statistics of a row group) is not
compared. A batch of each is held at a time.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.analysis.export import KEY_PREFIX, ExportFormat

COMPARED_ROWS: Final = 4_096
"""Rows of a Parquet file that are held at a time, and of either file that are compared at once."""

SHOWN_MAX: Final = 60
"""Characters of a value that a difference shows."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A file that is open: its columns, our own entries in its metadata, and its batches."""

    schema: Any
    own: Mapping[bytes, bytes]
    batches: Iterator[Any]


def table_difference(file: Path, right: Path, format_: ExportFormat) -> str | None:
    """The first thing that a file's table has otherwise than the right one; None where they are the same."""
    with _opened(file, format_) as found, _opened(right, format_) as expected:
        if found.schema != expected.schema:
            return "its columns are others"
        for name in sorted(found.own.keys() | expected.own.keys()):
            if found.own.get(name) != expected.own.get(name):
                return f"its own metadata has {name.decode(errors='replace')} otherwise"
        row = 0
        for mine, theirs in _pairs(found.batches, expected.batches):
            if mine is None or theirs is None:
                return f"it {'ends' if mine is None else 'goes on'} after {row} rows"
            if not mine.equals(theirs):
                return _first_difference(mine, theirs)
            row += mine.num_rows
    return None


@contextmanager
def _opened(file: Path, format_: ExportFormat) -> Iterator[_Table]:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    if format_ is ExportFormat.PARQUET:
        with pq.ParquetFile(file) as table:
            batches = table.iter_batches(batch_size=COMPARED_ROWS)
            yield _Table(table.schema_arrow, _own(table.metadata.metadata), batches)
        return
    # Read, not mapped: of a file that is mapped, what has been compared would count as held.
    with pa.OSFile(str(file)) as data, pa.ipc.open_file(data) as table:
        batches = (table.get_batch(number) for number in range(table.num_record_batches))
        yield _Table(table.schema, _own(table.schema.metadata), batches)


def _own(metadata: Mapping[bytes, bytes] | None) -> Mapping[bytes, bytes]:
    known = metadata or {}
    return {name: known[name] for name in known if name.startswith(KEY_PREFIX.encode())}


def _pairs(left: Iterator[Any], right: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    """The same rows of both, some at a time; None for the one that has ended before."""
    mine, theirs = _next(left), _next(right)
    while mine is not None and theirs is not None:
        rows = min(mine.num_rows, theirs.num_rows, COMPARED_ROWS)
        yield mine.slice(0, rows), theirs.slice(0, rows)
        mine = mine.slice(rows) if mine.num_rows > rows else _next(left)
        theirs = theirs.slice(rows) if theirs.num_rows > rows else _next(right)
    if mine is not theirs:
        yield mine, theirs


def _next(batches: Iterator[Any]) -> Any:
    return next((batch for batch in batches if batch.num_rows), None)


def _first_difference(mine: Any, theirs: Any) -> str:
    names = [name for name in theirs.schema.names if not mine[name].equals(theirs[name])]
    row, name = min(
        (next(_unequal_rows(mine[name], theirs[name])), place) for place, name in enumerate(names)
    )
    column = names[name]
    position = theirs["position"][row].as_py()
    values = (_shown(table[column][row].as_py()) for table in (mine, theirs))
    return "at position {}, {} is {}, where the log has {}".format(position, column, *values)


def _unequal_rows(mine: Any, theirs: Any) -> Iterator[int]:
    return (row for row in range(len(mine)) if not mine[row].equals(theirs[row]))


def _shown(value: Any) -> str:
    text = str(value) if value is not None else "nothing"
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
