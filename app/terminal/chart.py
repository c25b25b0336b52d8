"""A line of prices in braille: two points wide and four high in each place of the terminal. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from events.catalog import Regime

DOTS_WIDE: Final = 2
DOTS_HIGH: Final = 4
_BLANK: Final = 0x2800
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bit of each dot: by its column, then by its row from above."""


@dataclass(slots=True)
class Point:
    """A price, and the regime that held from it on, as it is known."""

    at: datetime
    price: float
    regime: Regime | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """Columns `start` up to `end` (exclusive) in which a regime held."""

    regime: Regime | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart.

    Attributes:
        rows: texts of equal length, the highest prices first.
        bands: of its columns, from left to right, without a gap.
        low, high: the prices of its lowest and highest dots.
    """

    rows: tuple[str, ...]
    bands: tuple[Band, ...]
    low: float
    high: float


def visible(points: Sequence[Point], columns: int) -> list[Point]:
    """The newest points that so many columns have room for."""
    room = max(columns, 0) * DOTS_WIDE
    return [points[index] for index in range(max(0, len(points) - room), len(points))]


def draw(points: Sequence[Point], columns: int, rows: int) -> Drawn:
    """Draw the newest points that fit, from the left; a new one moves the rest once there is no more room.

    Raises:
        ValueError: there is no room at all, or no point.
    """
    shown = visible(points, columns)
    if rows < 1 or not shown:
        raise ValueError("a chart needs room, and a point")
    low, high = min(each.price for each in shown), max(each.price for each in shown)
    heights = [_height(each.price, low, high, rows * DOTS_HIGH) for each in shown]
    cells = [[0] * columns for _ in range(rows)]
    last = heights[0]
    for x, height in enumerate(heights):
        # From where the point before was: a fall is a line, not a hole.
        for y in range(min(last, height), max(last, height) + 1):
            cells[y // DOTS_HIGH][x // DOTS_WIDE] |= _DOTS[x % DOTS_WIDE][y % DOTS_HIGH]
        last = height
    lines = tuple("".join(chr(_BLANK + cell) for cell in row) for row in cells)
    return Drawn(lines, _bands([each.regime for each in shown]), low, high)


def _height(price: float, low: float, high: float, dots: int) -> int:
    """The dot from above, 0 the highest; the middle where all prices are one."""
    if high <= low:
        return dots // 2
    return round((high - price) / (high - low) * (dots - 1))


def _bands(regimes: Sequence[Regime | None]) -> tuple[Band, ...]:
    # Of the two points of a column the newer one counts.
    newest = [
        regimes[min(x + DOTS_WIDE, len(regimes)) - 1] for x in range(0, len(regimes), DOTS_WIDE)
    ]
    bands: list[Band] = []
    for column, regime in enumerate(newest):
        if bands and bands[-1].regime is regime:
            bands[-1] = Band(regime, bands[-1].start, column + 1)
        else:
            bands.append(Band(regime, column, column + 1))
    return tuple(bands)
