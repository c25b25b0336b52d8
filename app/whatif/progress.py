"""How far a command has read, on standard error; nothing where nobody watches."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from app.client.messages import Event

EVERY: Final = 500
"""Events between two looks at the clock."""


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told how far it is. Gone when it is done: what is printed then stands alone."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    shell = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=shell, disable=not shell.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


def watched(events: Iterable[Event], tell: Callable[[int], None]) -> Iterator[Event]:
    """The events; now and then their position is told."""
    for number, event in enumerate(events):
        if number % EVERY == 0:
            tell(event.position)
        yield event
