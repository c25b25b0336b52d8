from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from app.terminal.table import Cell, Column, kept_columns, print_table

COLUMNS = (Column("name"), Column("value", right=True), Column("note", rank=1), Column("x", rank=2))
ROWS: list[list[Cell]] = [["SPX", "1,192.70", Text("⚠ CRASH"), "12345678"], ["IXIC", "7", "-", "9"]]


def printed(width: int) -> list[str]:
    out = StringIO()
    print_table(Console(file=out, width=width, highlight=False), COLUMNS, ROWS)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_the_least_needed_columns_give_way() -> None:
    assert kept_columns(COLUMNS, ROWS, 80) == [0, 1, 2, 3]
    assert kept_columns(COLUMNS, ROWS, 30) == [0, 1, 2]
    assert kept_columns(COLUMNS, ROWS, 16) == [0, 1]
    assert kept_columns(COLUMNS, ROWS, 5) == [0, 1], "what is needed always stays"


def test_it_is_said_what_there_was_no_room_for() -> None:
    assert printed(30)[-1] == "No room here for: x."
    assert "No room" not in "".join(printed(80))


@pytest.mark.parametrize("width", range(14, 40))
def test_what_is_kept_is_whole(width: int) -> None:
    lines = printed(width)
    assert not any("…" in line for line in lines)
    kept = kept_columns(COLUMNS, ROWS, width)
    assert lines[0].split() == [COLUMNS[index].title for index in kept]
    assert lines[2].startswith("SPX")
    assert "1,192.70" in lines[2]
