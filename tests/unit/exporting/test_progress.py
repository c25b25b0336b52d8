"""Progress: for terminals, and for what takes longer than a second."""

from io import StringIO
from typing import Any, cast

import pytest
from rich.console import Console

from app.exporting.asked import Span
from app.exporting.progress import PROGRESS_AFTER_S, shown_progress


class Underway:
    """An export that has come to a position; None where that is not known."""

    span = Span("e", 200, "", 100, "", 200, "")

    def __init__(self, position: int | None) -> None:
        self._position = position

    def position(self) -> int | None:
        return self._position


def told(position: int | None, *, terminal: bool, seconds: float) -> str:
    out, times = StringIO(), iter([0.0, seconds, seconds])
    shell = Console(file=out, force_terminal=terminal, width=100, color_system=None)
    with shown_progress(shell, lambda: next(times)) as show:
        show(5_000_000, cast(Any, Underway(position)))
        show(7_000_000, cast(Any, Underway(position)))
    return out.getvalue()


@pytest.mark.parametrize("position", [150, None])
def test_a_terminal_sees_how_far_it_is(position: int | None) -> None:
    assert "Exporting, 7 MB" in told(position, terminal=True, seconds=PROGRESS_AFTER_S)


def test_what_is_soon_done_and_what_nobody_watches_stays_quiet() -> None:
    assert told(150, terminal=True, seconds=PROGRESS_AFTER_S / 2) == ""
    assert told(150, terminal=False, seconds=9) == ""


def test_it_says_what_is_being_done() -> None:
    out, times = StringIO(), iter([0.0, 9.0])
    shell = Console(file=out, force_terminal=True, width=100, color_system=None)
    with shown_progress(shell, lambda: next(times), doing="Checking") as show:
        show(5_000_000, cast(Any, Underway(150)))
    assert "Checking, 5 MB" in out.getvalue()
