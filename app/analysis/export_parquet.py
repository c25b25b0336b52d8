"""The table as Parquet, in row groups of a bounded size; needs the extra `export` (pyarrow).

The footer, without which nobody can read the file, comes last: an export that was cut off is no file.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from app.analysis.export import Provenance
from app.analysis.export_schema import COLUMNS, Cell, Kind, row_of
from events.envelope import RecordedEvent
from events.scalars import DECIMALS_MAX

ROW_GROUP_ROWS: Final = 65_536
"""Events in a row group, at most by less than a page."""

ROW_GROUP_BYTES: Final = 32 * 2**20
"""Bytes of a row group in memory, at most by less than a page; with few columns filled it is rows that count."""

COMPRESSION: Final = "zstd"
KEY_PREFIX: Final = "synapse."
"""What the names of our entries in the file's metadata begin with."""

DECIMAL_DIGITS: Final = 18 + DECIMALS_MAX
"""All digits of an exact number on the wire: 18 before the point."""

_DECIMAL: Final = pa.decimal128(DECIMAL_DIGITS, DECIMALS_MAX)
_TYPES: Final = {
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.DECIMAL: _DECIMAL,
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TEXT: pa.string(),
    Kind.JSON: pa.string(),
}
SCHEMA: Final = pa.schema(
    [
        pa.field(
            column.name, _TYPES[column.kind], nullable=bool(column.types) or column == COLUMNS[-1]
        )
        for column in COLUMNS
    ]
)


def record_batch(events: Sequence[RecordedEvent]) -> Any:
    """A page of events as Arrow's columns."""
    cells = zip(*[row_of(event) for event in events], strict=True)
    return pa.record_batch(
        [_array(column.kind, values) for column, values in zip(COLUMNS, cells, strict=True)],
        schema=SCHEMA,
    )


def _array(kind: Kind, values: Sequence[Cell]) -> Any:
    if kind is Kind.DECIMAL:
        return pa.array(values, pa.string()).cast(_DECIMAL)
    return pa.array(values, _TYPES[kind])


class ParquetEncoder:
    """Collects pages, writes a row group when they are many, and in the end the footer."""

    def __init__(self, provenance: Provenance) -> None:
        self._provenance = provenance
        self._written = BytesIO()
        self._writer: Any = pq.ParquetWriter(self._written, SCHEMA, compression=COMPRESSION)
        self._batches: list[Any] = []
        self._rows = self._bytes = self._events = 0
        self._first: int | None = None
        self._last: int | None = None

    def begin(self) -> bytes:
        """What the format begins with."""
        return self._taken()

    def page(self, events: Sequence[RecordedEvent]) -> bytes:
        """A row group, if there is one now."""
        batch = record_batch(events)
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        self._events += len(events)
        if self._first is None:
            self._first = events[0].position
        self._last = events[-1].position
        if self._rows >= ROW_GROUP_ROWS or self._bytes >= ROW_GROUP_BYTES:
            self._write_group()
        return self._taken()

    def end(self) -> bytes:
        """The last row group, and the footer."""
        if self._batches:
            self._write_group()
        self._writer.add_key_value_metadata(self._metadata())
        self._writer.close()
        return self._taken()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._batches), row_group_size=self._rows)
        self._batches.clear()
        self._rows = self._bytes = 0

    def _metadata(self) -> dict[str, str]:
        known = {
            "epoch": self._provenance.epoch,
            "head": str(self._provenance.head),
            "selection": orjson.dumps(self._provenance.selection).decode(),
            "events": str(self._events),
        }
        if self._first is not None:
            known |= {"first_position": str(self._first), "last_position": str(self._last)}
        return {f"{KEY_PREFIX}{name}": value for name, value in known.items()}

    def _taken(self) -> bytes:
        data = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return data


def encoder(provenance: Provenance) -> ParquetEncoder:
    """A new encoder."""
    return ParquetEncoder(provenance)
