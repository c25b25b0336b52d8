"""Tables that fit: on a narrow terminal the least needed columns are left out, and it is said which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

Cell = str | Text
GAP: Final = 2
"""Columns of the terminal between two of a table; the box is one of them."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        title: what stands above it.
        right: whether it is a figure, to be aligned by its end.
        rank: those of the highest rank are left out first; 0 never.
    """

    title: str
    right: bool = False
    rank: int = 0


def print_table(
    console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]
) -> list[str]:
    """Print a table, and beneath it the names of columns that there was no room for: those are returned."""
    kept = kept_columns(columns, rows, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, GAP - 1, 0, 0), show_edge=False)
    for index in kept:
        column = columns[index]
        table.add_column(column.title, justify="right" if column.right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(row[index] for index in kept))
    console.print(table)
    hidden = [column.title for index, column in enumerate(columns) if index not in kept]
    if hidden:
        console.print(f"No room here for: {', '.join(hidden)}.", style="dim")
    return hidden


def kept_columns(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int
) -> list[int]:
    """The indices of the columns that fit into a width."""
    widths = [
        max([cell_len(column.title), *(_length(row[index]) for row in rows)])
        for index, column in enumerate(columns)
    ]
    kept = list(range(len(columns)))
    while sum(widths[index] + GAP for index in kept) > width + 1:
        last = max(kept, key=lambda index: (columns[index].rank, index))
        if columns[last].rank == 0:
            break
        kept.remove(last)
    return kept


def _length(cell: Cell) -> int:
    return cell.cell_len if isinstance(cell, Text) else cell_len(cell)
