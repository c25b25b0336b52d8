"""The table as Parquet, in row groups of a bounded size; needs the extra `export` (pyarrow).

The footer, without which nobody can read the file, comes last: an export that was cut off is no file.
"""

from io import BytesIO
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from app.analysis.export import KEY_PREFIX, Provenance
from app.analysis.export_arrow import SCHEMA, Gathered, taken
from app.analysis.export_schema import COLUMNS, Kind
from events.envelope import EventColumns

ROW_GROUP_ROWS: Final = 32_768
"""Events in a row group, at most by less than a page."""

ROW_GROUP_BYTES: Final = 16 * 2**20
"""Bytes of a row group in memory, at most by less than a page; with few columns filled it is rows that count."""

COMPRESSION: Final = "zstd"
_REPEATED: Final = [
    column.name
    for column in COLUMNS
    if column.kind not in {Kind.INTEGER, Kind.NUMBER, Kind.JSON} and column.name != "msg_id"
]
"""Columns whose cells come again and again; for the others a dictionary costs a tenth more time and room."""


class ParquetEncoder:
    """Collects pages, writes a row group when they are many, and in the end the footer."""

    def __init__(self, provenance: Provenance) -> None:
        self._provenance = provenance
        self._written = BytesIO()
        self._writer: Any = pq.ParquetWriter(
            self._written, SCHEMA, compression=COMPRESSION, use_dictionary=_REPEATED
        )
        self._gathered = Gathered()
        self._events = 0
        self._first: int | None = None
        self._last: int | None = None

    def begin(self) -> bytes:
        """What the format begins with."""
        return taken(self._written)

    def page(self, events: EventColumns) -> bytes:
        """A row group, if there is one now."""
        self._gathered.add(events)
        self._events += len(events.positions)
        if self._first is None:
            self._first = events.positions[0]
        self._last = events.positions[-1]
        if self._gathered.rows >= ROW_GROUP_ROWS or self._gathered.bytes >= ROW_GROUP_BYTES:
            self._write_group()
        return taken(self._written)

    def end(self) -> bytes:
        """The last row group, and the footer."""
        if self._gathered.rows:
            self._write_group()
        self._writer.add_key_value_metadata(self._metadata())
        self._writer.close()
        return taken(self._written)

    def _write_group(self) -> None:
        batch = self._gathered.take()
        self._writer.write_batch(batch, row_group_size=batch.num_rows)
        del batch
        # What Arrow keeps for the next group was a tenth of the peak of memory.
        pa.default_memory_pool().release_unused()

    def _metadata(self) -> dict[str, str]:
        known = {"events": str(self._events)}
        if self._first is not None:
            known |= {"first_position": str(self._first), "last_position": str(self._last)}
        own = {f"{KEY_PREFIX}{name}": value for name, value in known.items()}
        return self._provenance.metadata() | own


def encoder(provenance: Provenance) -> ParquetEncoder:
    """A new encoder."""
    return ParquetEncoder(provenance)
