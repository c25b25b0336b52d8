"""The table as CSV (RFC 4180: commas, CRLF, quotes doubled; UTF-8 without a mark), safe to open in a spreadsheet.

A spreadsheet takes a cell that begins with = + - @ tab CR or LF for a formula, in East Asian locales also with
the first four in full width, and some pass over blanks, quotes and invisible characters before them. Where the
list separator is a semicolon or a tab, one text may become several cells, whatever its quotes say. So an
apostrophe stands before a text that begins so, and after each ; tab CR or LF in it after which it goes on so.
Whoever takes one away at each of these places has the text as it was. A number stays a number: a cell that
is a fixed-point decimal as a whole, such as -12.50, is left alone wherever it stands.

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

_PASSED_OVER: Final = (
    r"[\s'\"\x00-\x20\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]*"
)
_STARTS: Final = r"[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b]"
_is_formula: Final = re.compile(rf"{_PASSED_OVER}{_STARTS}|'*[\t\r\n]").match
_has_separator: Final = re.compile(r"[;\t\r\n]").search
_goes_on_as_formula: Final = re.compile(rf"([;\t\n]|\r(?!\n))(?={_PASSED_OVER}{_STARTS})").sub
_is_decimal: Final = re.compile(DECIMAL_PATTERN).fullmatch
_is_quoted: Final = re.compile(r'[",\r\n]').search
# Nearly every text is: no part of it a formula, and in no need of quotes.
_is_plain: Final = re.compile(r'[A-Za-z0-9][^",;\t\r\n]*').fullmatch
_EMPTY: Final = repeat("")


def defused(text: str) -> str:
    """A text of which no spreadsheet takes any part for a formula."""
    safe = _goes_on_as_formula(r"\1'", text) if _has_separator(text) else text
    return f"'{safe}" if _is_formula(text) and not _is_decimal(text) else safe


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
