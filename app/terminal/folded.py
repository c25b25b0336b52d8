"""Lines that are longer than the terminal is wide: folded between words, beneath where their text begins."""

from typing import Final

from rich.console import Console
from rich.text import Text

TEXT_COLUMNS_MIN: Final = 20
"""With less room for its text a line begins again at the left."""


def print_line(console: Console, before: Text, what: Text) -> None:
    """Print a line: in a pipe as long as it is, so that it can be searched."""
    if not console.is_terminal or before.cell_len + what.cell_len <= console.width:
        console.print(before.copy().append_text(what), soft_wrap=True)
        return
    for line in folded(console, before, what, console.width):
        console.print(line, soft_wrap=True)


def print_text(console: Console, text: str, style: str = "") -> None:
    """Print a sentence: folded between words in a terminal, one line in a pipe."""
    print_line(console, Text(), Text(text, style))


def folded(console: Console, before: Text, what: Text, width: int) -> list[Text]:
    """The lines that it takes: `before` alone on the first of them."""
    room = width - before.cell_len
    if room < TEXT_COLUMNS_MIN:
        return list(before.copy().append_text(what).wrap(console, max(width, 1)))
    first, *more = what.wrap(console, room)
    blank = " " * before.cell_len
    return [before.copy().append_text(first), *(Text(blank).append_text(one) for one in more)]
