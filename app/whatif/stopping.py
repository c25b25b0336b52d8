"""A task that is told to stop, by SIGTERM or SIGHUP, ends as it does by Ctrl-C: with all that it has to tidy up."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_ENDS: Final = ("SIGTERM", "SIGHUP")
_KILLED: Final = 128
"""What shells add to a signal, as the exit code of what it ended."""


@contextmanager
def stopped_in_order() -> Iterator[None]:
    """Cancel the task that runs in here when its process is told to stop; then end the process as the signal would.

    Signals that are ignored, as by nohup, or handled by others, stay so.

    Raises:
        SystemExit: it was told to.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    told: list[int] = []

    def stop(number: int) -> None:
        # Once: what is tidied up now is not interrupted.
        if task is not None and not told:
            told.append(number)
            task.cancel()

    numbers = [getattr(signal, name) for name in _ENDS if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    # Where there are no such signals, or outside of the main thread, only Ctrl-C is left.
    with suppress(NotImplementedError, RuntimeError):
        for number in ours:
            loop.add_signal_handler(number, stop, number)
    try:
        yield
    except asyncio.CancelledError:
        if told:
            raise SystemExit(_KILLED + told[0]) from None
        raise
    finally:
        with suppress(NotImplementedError):
            for number in ours:
                loop.remove_signal_handler(number)
