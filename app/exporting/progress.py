"""How far an export is, on standard error, for whoever watches a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.exporting.save import OnProgress
from app.exporting.sources import Download

PROGRESS_AFTER_S: Final = 1.0
"""An export that is done sooner shows no progress."""


@contextmanager
def shown_progress(
    shell: Console | None = None,
    clock: Callable[[], float] = monotonic,
    *,
    doing: str = "Exporting",
) -> Iterator[OnProgress]:
    """Show how far it is: by positions, or, where only bytes are seen, that it goes on."""
    shell = shell or Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=shell, transient=True)
    task = progress.add_task(doing, total=None)
    started = clock()

    def show(size: int, download: Download) -> None:
        if not shell.is_terminal or clock() - started < PROGRESS_AFTER_S:
            return
        progress.start()
        span, position = download.span, download.position()
        progress.update(
            task,
            description=f"{doing}, {size / 1e6:,.0f} MB",
            total=None if position is None else span.upto - span.after,
            completed=None if position is None else position - span.after,
        )

    try:
        yield show
    finally:
        if progress.live.is_started:  # else it would write an empty line
            progress.stop()
