"""Faults to plant between a log and one's own consumer: it must come to the same end as without them.

Repeat, reorder, delay, drop the connection, crash: each is a knob of `faults`, all may be turned at once, and
one seed decides, so a run can be had again.
"""

from collections.abc import AsyncIterable, Callable
from typing import Any, Final

from events.testing.errors import BadExpectation
from events.testing.faulty import Event, Faulty, Knobs, Sleep

REORDER_MAX: Final = 1_000
"""The longest window in which events change places: all of it is held."""


def faults(  # noqa: PLR0913  # one parameter for each knob
    source: AsyncIterable[Event] | Callable[[int], AsyncIterable[Event]],
    *,
    repeat: float | None = None,
    reorder: int | None = None,
    delay: float | tuple[float, float] | None = None,
    drop_connection: int | None = None,
    crash_after: int | None = None,
    crash_at_work: int | None = None,
    seed: int = 0,
    sleep: Sleep | None = None,
) -> Faulty[Event]:
    """Plant faults in a stream of events.

    Args:
        source: a stream, or what opens one after a position: with that a lost connection is opened again.
        repeat: n: every n-th event comes twice, at once; a fraction: each does with that probability.
        reorder: events change places within windows of so many; a window goes out when it is full, or
            the stream ends.
        delay: seconds before each event, or (least, most): awaits `sleep`.
        drop_connection: after every n events of a connection the next one raises `DroppedConnection`.
        crash_after: after n events, once, the next one raises `Crashed`.
        crash_at_work: once, the n-th call of the handler that went through `Faulty.at_work` raises `Crashed`:
            the event was handed out, and nothing was done with it.
        seed: decides on all that is left to chance.
        sleep: `asyncio.sleep`, or a test's own clock.

    Raises:
        BadExpectation: a knob cannot be turned so.
    """
    counts = {
        "drop_connection": drop_connection,
        "crash_after": crash_after,
        "crash_at_work": crash_at_work,
    }
    for name, count in counts.items():
        if count is not None and (type(count) is not int or count < 1):
            raise BadExpectation(f"{name}={count!r}: a number of events, from 1")
    if reorder is not None and not (type(reorder) is int and 2 <= reorder <= REORDER_MAX):
        raise BadExpectation(f"reorder={reorder!r}: a window of 2 to {REORDER_MAX} events")
    if repeat is not None and not _repeats(repeat):
        raise BadExpectation(
            f"repeat={repeat!r}: every n-th event, or a probability between 0 and 1"
        )
    knobs = Knobs(
        repeat=repeat or 0,
        reorder=reorder or 0,
        delay=_range(delay, sleep),
        drop_connection=drop_connection or 0,
        crash_after=crash_after or 0,
        crash_at_work=crash_at_work or 0,
    )
    return Faulty(source, knobs, seed, sleep)


def _repeats(value: Any) -> bool:
    return value >= 1 if type(value) is int else type(value) is float and 0 < value < 1


def _range(delay: Any, sleep: Sleep | None) -> tuple[float, float] | None:
    if delay is None:
        return None
    low, high = delay if isinstance(delay, tuple) else (delay, delay)
    if not 0 <= low <= high:
        raise BadExpectation(f"delay={delay}: seconds, or the least and the most of them")
    if sleep is None:
        raise BadExpectation(
            "delay= needs what waits: sleep=asyncio.sleep, or a clock of the test's"
        )
    return float(low), float(high)
