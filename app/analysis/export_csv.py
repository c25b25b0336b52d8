"""The table as CSV (RFC 4180: commas, CRLF, quotes doubled; UTF-8 without a mark), safe to open in a spreadsheet.

A spreadsheet takes a cell that begins with = + - @ tab CR or LF for a formula, in East Asian locales also with
the first four in full width. So a text that begins so gets an apostrophe before it; one that begins with apostrophes and then so gets one more, and a reader that takes
one away again has the text as it was. A number stays a number: a cell that is a fixed-point decimal as a
whole, such as -12.50, is left alone wherever it stands.

Null and an empty text are both an empty cell.
"""

import csv
import re
from collections.abc import Sequence
from io import StringIO
from typing import Final

from app.analysis.export import Provenance
from app.analysis.export_schema import COLUMNS, Cell, Kind, row_of
from events.envelope import RecordedEvent
from events.scalars import DECIMAL_PATTERN, format_micros

_is_formula: Final = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]").match
_is_decimal: Final = re.compile(DECIMAL_PATTERN).fullmatch
_TEXTS: Final = tuple(
    place
    for place, column in enumerate(COLUMNS)
    if column.kind in {Kind.TEXT, Kind.JSON, Kind.DECIMAL}
)
_TIMES: Final = tuple(place for place, column in enumerate(COLUMNS) if column.kind is Kind.TIME)
_BOOLEANS: Final = tuple(
    place for place, column in enumerate(COLUMNS) if column.kind is Kind.BOOLEAN
)
_BOOLEAN_TEXT: Final[dict[Cell, Cell]] = {True: "true", False: "false"}


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if _is_formula(text) and not _is_decimal(text) else text


def cells_of(event: RecordedEvent) -> list[Cell]:
    """The cells of an event, as they are written."""
    row = row_of(event)
    for place in _TEXTS:
        cell = row[place]
        if isinstance(cell, str):
            row[place] = defused(cell)
    for place in _TIMES:
        cell = row[place]
        if isinstance(cell, int):
            row[place] = format_micros(cell)
    for place in _BOOLEANS:
        cell = row[place]
        if cell is not None:
            row[place] = _BOOLEAN_TEXT.get(cell, cell)
    return row


class CsvEncoder:
    """Writes a header, then a line for each event."""

    def begin(self) -> bytes:
        """The header."""
        return _lines([[column.name for column in COLUMNS]])

    def page(self, events: Sequence[RecordedEvent]) -> bytes:
        """The lines of these events."""
        return _lines([cells_of(event) for event in events])

    def end(self) -> bytes:
        """Nothing."""
        return b""


def _lines(rows: Sequence[Sequence[Cell]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def encoder(provenance: Provenance) -> CsvEncoder:  # noqa: ARG001  # CSV has no room for it
    """A new encoder."""
    return CsvEncoder()
