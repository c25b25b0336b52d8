"""The table as Arrow: its schema, pages as its columns, and the IPC file; needs the extra `export` (pyarrow).

It is the file format, which is what readers take `.arrow` for. Its footer, which tells where the batches are, comes
last: an export that was cut off is no file.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from app.analysis.export import Provenance
from app.analysis.export_columns import Cells, envelope_of, groups_of
from app.analysis.export_schema import COLUMNS, Cell, Kind
from events.envelope import EventColumns
from events.scalars import DECIMALS_MAX

BATCH_ROWS: Final = 16_384
"""Events in a record batch, at most by less than a page."""

BATCH_BYTES: Final = 16 * 2**20
"""Bytes of a record batch in memory, at most by less than a page."""

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
_ROW: Final = -1
"""Where a type's own arrays tell which row each of its cells belongs to."""


Arrays = dict[int, Any]
"""By the place of a column, its array."""


class Gathered:
    """Pages as Arrow's columns, kept type by type, and brought into the log's order when they are taken."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._envelopes: list[Arrays] = []
        self._kinds: dict[tuple[int, ...], list[Arrays]] = {}
        self.rows = 0
        self.bytes = 0

    def add(self, page: EventColumns) -> None:
        """Take a page in; it stands after those that are in already."""
        self._envelopes.append(self._arrays(envelope_of(page)))
        for group in groups_of(page):
            arrays = self._arrays(group.cells)
            arrays[_ROW] = pa.array([self.rows + place for place in group.places], pa.int64())
            self._kinds.setdefault(tuple(arrays), []).append(arrays)
        self.rows += len(page.positions)

    def take(self) -> Any:
        """All of it as one record batch; nothing is left."""
        envelope = _end_to_end(self._envelopes)
        kinds = [_end_to_end(pages) for pages in self._kinds.values()]
        self._begin()
        order = pc.array_sort_indices(_column(_ROW, pa.int64(), kinds))
        columns = [
            envelope[place]
            if place in envelope
            else _column(place, SCHEMA.field(place).type, kinds).take(order)
            for place in range(len(COLUMNS))
        ]
        return pa.record_batch(columns, schema=SCHEMA)

    def _arrays(self, cells: Cells) -> Arrays:
        arrays = {place: _array(COLUMNS[place].kind, values) for place, values in cells.items()}
        self.bytes += sum(array.nbytes for array in arrays.values())
        return arrays


def _array(kind: Kind, cells: Sequence[Cell]) -> Any:
    if kind is Kind.DECIMAL:
        return pa.array(cells, pa.string()).cast(_DECIMAL)
    return pa.array(cells, _TYPES[kind])


def _end_to_end(pages: Sequence[Arrays]) -> Arrays:
    return {place: pa.concat_arrays([each[place] for each in pages]) for place in pages[0]}


def _column(place: int, kind: Any, parts: Sequence[Arrays]) -> Any:
    """One column of all parts, null where a part does not have it."""
    return pa.concat_arrays(
        [part[place] if place in part else pa.nulls(len(part[_ROW]), kind) for part in parts]
    )


class ArrowEncoder:
    """Gathers pages, writes a record batch when they are many, and in the end the footer."""

    def __init__(self, provenance: Provenance) -> None:
        self._written = BytesIO()
        self._writer: Any = pa.ipc.new_file(
            self._written, SCHEMA.with_metadata(provenance.metadata())
        )
        self._gathered = Gathered()

    def begin(self) -> bytes:
        """The schema."""
        return taken(self._written)

    def page(self, events: EventColumns) -> bytes:
        """A record batch, if there is one now."""
        self._gathered.add(events)
        if self._gathered.rows >= BATCH_ROWS or self._gathered.bytes >= BATCH_BYTES:
            self._writer.write_batch(self._gathered.take())
        return taken(self._written)

    def end(self) -> bytes:
        """The last record batch, and the footer."""
        if self._gathered.rows:
            self._writer.write_batch(self._gathered.take())
        self._writer.close()
        return taken(self._written)


def taken(written: BytesIO) -> bytes:
    """What has been written, which is there no more."""
    data = written.getvalue()
    written.seek(0)
    written.truncate()
    return data


def encoder(provenance: Provenance) -> ArrowEncoder:
    """A new encoder."""
    return ArrowEncoder(provenance)
