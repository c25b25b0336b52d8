"""The table as CSV (RFC 4180: commas, CRLF, quotes doubled; UTF-8 without a mark), safe to open in a spreadsheet.

A spreadsheet takes a cell that begins with = + - @ tab CR or LF for a formula, in East Asian locales also with
the first four in full width. So a text that begins so gets an apostrophe before it; one that begins with apostrophes and then so gets one more, and a reader that takes
one away again has the text as it was. A number stays a number: a cell that is a fixed-point decimal as a
whole, such as -12.50, is left alone wherever it stands.

Null and an empty text are both an empty cell.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from app.analysis.export import Provenance
from app.analysis.export_columns import Cells, envelope_of, groups_of
from app.analysis.export_schema import COLUMNS, ENVELOPE, Kind
from events.envelope import EventColumns
from events.scalars import DECIMAL_PATTERN, format_micros

_is_formula: Final = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]").match
_is_decimal: Final = re.compile(DECIMAL_PATTERN).fullmatch
_is_quoted: Final = re.compile(r'[",\r\n]').search
# Nearly every text is: neither a formula nor in need of quotes.
_is_plain: Final = re.compile(r'[A-Za-z0-9][^",\r\n]*').fullmatch
_EMPTY: Final = repeat("")


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if _is_formula(text) and not _is_decimal(text) else text


def _text_cell(text: str) -> str:
    safe = defused(text)
    if not _is_quoted(safe):
        return safe
    return '"' + safe.replace('"', '""') + '"'


def _texts(values: Sequence[Any]) -> Iterable[str]:
    return [
        "" if value is None else value if _is_plain(value) else _text_cell(value)
        for value in values
    ]


def _numbers(values: Sequence[Any]) -> Iterable[str]:
    return ["" if value is None else repr(value) for value in values]


def _times(values: Sequence[Any]) -> Iterable[str]:
    return ["" if value is None else format_micros(value) for value in values]


def _booleans(values: Sequence[Any]) -> Iterable[str]:
    return ["" if value is None else "true" if value else "false" for value in values]


_WRITTEN: Final[Mapping[Kind, Callable[[Sequence[Any]], Iterable[str]]]] = {
    Kind.INTEGER: _numbers,
    Kind.NUMBER: _numbers,
    Kind.DECIMAL: _texts,
    Kind.TIME: _times,
    Kind.BOOLEAN: _booleans,
    Kind.TEXT: _texts,
    Kind.JSON: _texts,
}


def lines_of(page: EventColumns) -> list[str]:
    """The lines of a page without their ends, in the page's order.

    Joined from columns that are text already: `csv.writer` took twice the time for as many empty cells.
    """
    envelope = _written(envelope_of(page))
    heads = list(map(",".join, zip(*envelope.values(), strict=True)))
    for group in groups_of(page):
        cells = _written(group.cells)
        columns = [cells.get(place, _EMPTY) for place in range(len(ENVELOPE), len(COLUMNS))]
        for place, rest in zip(
            group.places, map(",".join, zip(*columns, strict=False)), strict=True
        ):
            heads[place] += f",{rest}"
    return heads


def _written(cells: Cells) -> dict[int, Iterable[str]]:
    return {place: _WRITTEN[COLUMNS[place].kind](values) for place, values in cells.items()}


class CsvEncoder:
    """Writes a header, then a line for each event."""

    def begin(self) -> bytes:
        """The header."""
        return _ended([",".join(column.name for column in COLUMNS)])

    def page(self, events: EventColumns) -> bytes:
        """The lines of these events."""
        return _ended(lines_of(events))

    def end(self) -> bytes:
        """Nothing."""
        return b""


def _ended(lines: Sequence[str]) -> bytes:
    return "".join([f"{line}\r\n" for line in lines]).encode()


def encoder(provenance: Provenance) -> CsvEncoder:  # noqa: ARG001  # CSV has no room for it
    """A new encoder."""
    return CsvEncoder()
