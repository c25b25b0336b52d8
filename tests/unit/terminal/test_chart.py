from datetime import UTC, datetime, timedelta

import pytest

from app.terminal.chart import Band, Point, draw, visible
from events.catalog import Regime

START = datetime(2008, 9, 15, 21, tzinfo=UTC)
BEAR, CRASH = Regime.BEAR, Regime.CRASH


def points(*prices: float, regimes: tuple[Regime | None, ...] = ()) -> list[Point]:
    held = regimes or (None,) * len(prices)
    return [
        Point(START + timedelta(days=day), price, regime)
        for day, (price, regime) in enumerate(zip(prices, held, strict=True))
    ]


def test_a_rise_is_a_line_from_the_lower_left_to_the_upper_right() -> None:
    drawn = draw(points(0, 1, 2, 3), columns=2, rows=1)
    assert drawn.rows == ("⣠⠞",)
    assert (drawn.low, drawn.high) == (0, 3)


def test_a_fall_in_one_step_has_no_hole() -> None:
    drawn = draw(points(8, 8, 0, 0), columns=2, rows=2)
    assert drawn.rows == ("⠉⡇", "⠀⣇")


def test_equal_prices_are_a_line_in_the_middle() -> None:
    assert draw(points(5, 5, 5, 5), columns=2, rows=1).rows == ("⠤⠤",)
    assert draw(points(5), columns=2, rows=1).rows == ("⠄⠀",)


def test_the_chart_grows_from_the_left_and_then_moves() -> None:
    few, many = points(1, 2), points(*range(100))
    assert draw(few, columns=4, rows=1).rows[0].endswith("⠀⠀⠀")
    assert visible(many, 4) == many[-8:]
    assert draw(many, columns=4, rows=3).low == 92


@pytest.mark.parametrize("rows", [1, 2, 7, 30])
@pytest.mark.parametrize("columns", [1, 3, 80])
def test_rows_are_as_many_and_as_wide_as_asked(rows: int, columns: int) -> None:
    drawn = draw(points(*(n % 17 for n in range(50))), columns, rows)
    assert [len(row) for row in drawn.rows] == [columns] * rows
    used = drawn.bands[-1].end
    for column in range(used):
        assert any(row[column] != "⠀" for row in drawn.rows), "the line has no gap"


def test_bands_are_without_gaps_and_the_newer_point_of_a_column_counts() -> None:
    shown = points(1, 2, 3, 4, 5, regimes=(None, BEAR, BEAR, CRASH, CRASH))
    assert draw(shown, columns=9, rows=1).bands == (Band(BEAR, 0, 1), Band(CRASH, 1, 3))


def test_without_room_or_points_there_is_no_chart() -> None:
    for rows, columns, shown in ((0, 5, points(1)), (5, 0, points(1)), (5, 5, [])):
        with pytest.raises(ValueError, match="needs room"):
            draw(shown, columns, rows)
