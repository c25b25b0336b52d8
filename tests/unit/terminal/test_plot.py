import pytest

from app.terminal.chart import Point
from app.terminal.plot import AXIS_COLUMNS, plot_lines
from events.catalog import Regime
from tests.unit.terminal.told import DAY, START

BEAR, CRASH = Regime.BEAR, Regime.CRASH


def points(count: int, crash_from: int) -> list[Point]:
    return [
        Point(START + day * DAY, 1_000 + day, CRASH if day >= crash_from else BEAR)
        for day in range(count)
    ]


def test_chart_bands_and_days() -> None:
    lines = [line.plain for line in plot_lines(points(60, 30), width=41, height=7)]
    assert len(lines) == 7
    assert lines[0].endswith(" 1,059.00")
    assert lines[4].endswith(" 1,000.00")
    assert lines[5].rstrip() == " ▼ BEAR         ⚠ CRASH"
    assert lines[6] == "2008-09-15          2008-11-13"


def test_where_a_word_does_not_fit_the_sign_does() -> None:
    strip = plot_lines(points(60, 56), width=41, height=7)[5].plain
    assert strip == " ▼ BEAR".ljust(28) + "⚠ "


def test_the_line_has_the_colours_of_its_regimes() -> None:
    line = plot_lines(points(60, 30), width=41, height=3)[0]
    assert len({str(span.style) for span in line.spans}) == 3, "two regimes, and the axis"


def test_bars_of_one_day_are_told_by_their_times() -> None:
    shown = [Point(START + n * DAY / 24, 5.0) for n in range(3)]
    assert plot_lines(shown, 60, 5)[-1].plain == "2008-09-15T21:00:00Z  2008-09-15T23:00:00Z"


@pytest.mark.parametrize("size", [(AXIS_COLUMNS, 20), (80, 2), (5, 5), (80, 0)])
def test_without_room_the_lines_are_empty(size: tuple[int, int]) -> None:
    lines = plot_lines(points(60, 30), *size)
    assert [line.plain for line in lines] == [""] * size[1]


def test_no_line_is_wider_than_there_is_room() -> None:
    for width in range(21, 90):
        for line in plot_lines(points(200, 150), width, 9):
            assert line.cell_len <= width
