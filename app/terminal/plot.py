"""The chart of a replay as lines of the terminal: the line in its regimes' colours, prices, bands and days."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from app.terminal.chart import Band, Drawn, Point, draw, visible
from app.terminal.figures import instant, price
from app.terminal.look import DIM, SIGNS, style_of, word
from events.catalog import Regime

AXIS_COLUMNS: Final = 11
"""Room for the prices at the right."""

COLUMNS_MIN: Final = 10
"""Of the chart itself, however narrow the terminal is."""

BENEATH: Final = 2
"""Lines beneath the chart: the bands' words, and the days."""


def plot_lines(points: Sequence[Point], width: int, height: int) -> list[Text]:
    """So many lines."""
    columns, rows = width - AXIS_COLUMNS, height - BENEATH
    shown = visible(points, columns)
    if not shown or columns < COLUMNS_MIN or rows < 1:
        return [Text()] * height
    drawn = draw(shown, columns, rows)
    lines = [_line(drawn, row) for row in range(rows)]
    return [*lines, _strip(drawn.bands), _days(shown, columns)]


def _line(drawn: Drawn, row: int) -> Text:
    line, text = Text(), drawn.rows[row]
    for band in drawn.bands:
        line.append(text[band.start : band.end], style_of(band.regime))
    line.append(text[drawn.bands[-1].end :])
    return line.append(f" {_label(drawn, row)}", DIM)


def _label(drawn: Drawn, row: int) -> str:
    rows = len(drawn.rows)
    if row not in {0, rows // 2, rows - 1} or (drawn.low == drawn.high and row != rows // 2):
        return ""
    part = row / (rows - 1) if rows > 1 else 0.5
    return price(drawn.high - (drawn.high - drawn.low) * part)


def _strip(bands: Sequence[Band]) -> Text:
    """The regimes as filled bands, each with its word, or its sign alone, where it fits."""
    line = Text()
    for band in bands:
        room = band.end - band.start
        line.append(_name(band.regime, room).ljust(room), style_of(band.regime, "reverse"))
    return line


def _name(regime: Regime | None, room: int) -> str:
    if regime is None:
        return ""
    name = f" {word(regime)}"
    return name if len(name) <= room else SIGNS[regime]


def _days(shown: Sequence[Point], columns: int) -> Text:
    first, last = instant(shown[0].at), instant(shown[-1].at)
    if first[:10] != last[:10]:
        first, last = first[:10], last[:10]
    both = len(first) + 2 + len(last)
    if both > columns + AXIS_COLUMNS:
        return Text(last, DIM)
    end = max(both, min(columns, (len(shown) + 1) // 2))
    return Text(f"{first}{last:>{end - len(first)}}", DIM)
