import io

import pytest
from rich.console import Console
from rich.text import Text

from app.terminal.folded import folded, print_line

BEFORE, WHAT = Text("  1 SPX "), Text("closed below every close of the 252 bars before")


def shell(width: int, *, terminal: bool) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=terminal, width=width, no_color=True), out


def test_a_long_line_is_folded_between_words_beneath_its_text() -> None:
    console, out = shell(40, terminal=True)
    print_line(console, BEFORE, WHAT)
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(" " * BEFORE.cell_len)
    assert " ".join(" ".join(lines).split()) == "1 SPX " + WHAT.plain
    assert max(map(len, lines)) <= 40


def test_in_a_pipe_it_is_one_line() -> None:
    console, out = shell(40, terminal=False)
    print_line(console, BEFORE, WHAT)
    assert out.getvalue() == f"{BEFORE.plain}{WHAT.plain}\n"


@pytest.mark.parametrize("width", [1, 10, 27, 28, 200])
def test_nothing_is_lost_however_narrow(width: int) -> None:
    console, _ = shell(width, terminal=True)
    lines = [line.plain for line in folded(console, BEFORE, WHAT, width)]
    assert max(map(len, lines)) <= width
    assert "".join("".join(lines).split()) == "".join((BEFORE.plain + WHAT.plain).split())
