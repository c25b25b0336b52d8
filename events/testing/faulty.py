"""A stream of events with planted faults; `events.testing.faults` makes one."""

import random
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from events.testing.errors import BadExpectation, Crashed, DroppedConnection
from events.testing.follower import Follower
from events.testing.seen import seen

Event = TypeVar("Event")
Result = TypeVar("Result")
Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Knobs:
    """What is planted; None or 0 for what is not. See `faults`."""

    repeat: int | float = 0
    reorder: int = 0
    delay: tuple[float, float] | None = None
    drop_connection: int = 0
    crash_after: int = 0
    crash_at_work: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.turned())

    def turned(self) -> list[str]:
        """The names of those that are planted."""
        return [one.name for one in fields(self) if getattr(self, one.name)]


class Faulty(Generic[Event]):
    """A stream of events with faults. Iterate it again after an error: it goes on where it stood.

    Attributes:
        seed: what decides; the same seed gives the same faults.
        delivered: how many events were handed out, the repeated ones as well.
        position: everything up to here was handed out; where a new connection begins.
    """

    def __init__(
        self,
        source: AsyncIterable[Event] | Callable[[int], AsyncIterable[Event]],
        knobs: Knobs,
        seed: int,
        sleep: Sleep | None,
    ) -> None:
        """Use `faults`."""
        self.seed, self.delivered, self.position = seed, 0, 0
        self._open = source if callable(source) else None
        self._stream: AsyncIterator[Event] | None = None
        self._follower: Follower | None = None
        self._knobs, self._sleep, self._random = knobs, sleep, random.Random(seed)
        if not callable(source):
            self._connected(aiter(source))
        self._crashed = self._over = self._lost = False
        self._struck = set[str]()
        self._worked = 0
        self._read = self._on_connection = self._read_in_all = 0
        self._window: list[Event] = []
        self._ready: list[tuple[Event, bool]] = []
        """What is handed out next, each with whether it is a repetition."""

    def __repr__(self) -> str:
        knobs = f"{self._knobs}, " if str(self._knobs) else ""
        return f"faults({knobs}seed={self.seed})"

    @property
    def never_struck(self) -> str | None:
        """What a test has not tried although it planted it; None if all is well, or was left to chance."""
        waits = set(self._knobs.turned()) - self._struck - {"delay", "reorder"}
        if isinstance(self._knobs.repeat, float):
            waits.discard("repeat")
        if not waits:
            return None
        return f"{self!r}: {' and '.join(sorted(waits))} never struck, {self.delivered} events were handed out"

    def at_work(self, handle: Callable[..., Result]) -> Callable[..., Result]:
        """The consumer's handler of an event, in which `crash_at_work` strikes before it has done anything."""

        def handled(*args: Any, **kwargs: Any) -> Result:
            self._worked += 1
            if self._worked == self._knobs.crash_at_work:
                self._struck.add("crash_at_work")
                self._lost = True
                raise Crashed(f"planted: a crash at work on event {self._worked}; {self!r}")
            return handle(*args, **kwargs)

        return handled

    def __call__(self, after: int) -> Self:
        """Connect again, after the consumer's own cursor.

        Raises:
            BadExpectation: the source is a single stream, which cannot go back.
        """
        if self._open is None:
            raise BadExpectation(
                f"{self!r} of one stream: to begin elsewhere, hand in what opens it"
            )
        self._stream = self._follower = None
        self._window, self._ready, self._over, self._lost = [], [], False, False
        self.position = self._read = after
        self._on_connection = 0
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._lost:
            await self._again()
        self._let_go()
        knobs = self._knobs
        if knobs.crash_after and not self._crashed and self.delivered >= knobs.crash_after:
            self._crashed = True
            self._struck.add("crash_after")
            await self._disconnect()
            raise Crashed(f"planted: a crash after {self.delivered} events; {self!r}")
        if knobs.drop_connection and self._on_connection >= knobs.drop_connection:
            self._struck.add("drop_connection")
            await self._disconnect()
            raise DroppedConnection(
                f"planted: the connection was lost, all up to {self.position} had come; {self!r}"
            )
        if not self._ready:
            await self._fill()
        if self._sleep is not None and knobs.delay is not None:
            await self._sleep(self._random.uniform(*knobs.delay))
        self.delivered += 1
        self._on_connection += 1
        self._handed = self._ready.pop(0)
        if self._handed[1]:
            self._struck.add("repeat")
        return self._handed[0]

    async def _again(self) -> None:
        """What was handed out last was not worked on: it comes again, and so does all that was on its way."""
        self._lost = False
        if self._open is None:
            self._ready.insert(0, self._handed)
        await self._disconnect()

    async def _fill(self) -> None:
        """Read a window, and lay out what is handed out of it.

        Raises:
            StopAsyncIteration: there is no more.
        """
        if self._stream is None and self._open is not None and not self._over:
            self._connected(aiter(self._open(self.position)))
        if self._stream is None:
            raise StopAsyncIteration
        # Kept where a cancelled consumer finds it again.
        while len(self._window) < max(self._knobs.reorder, 1):
            try:
                event = await anext(self._stream)
            except StopAsyncIteration:
                if not self._window:
                    raise
                break
            self._window.append(event)
            self._read = max(self._read, _position(event))
            self._let_go()
        window, self._window = self._window, []
        if self._knobs.reorder:
            self._random.shuffle(window)
        self._ready = [(event, again) for event in window for again in self._copies()]

    def _copies(self) -> list[bool]:
        self._read_in_all += 1
        repeat = self._knobs.repeat
        if isinstance(repeat, float):
            twice = self._random.random() < repeat
        else:
            twice = bool(repeat) and self._read_in_all % repeat == 0
        return [False, True] if twice else [False]

    def _let_go(self) -> None:
        """What was handed out before has been taken: its consumer asks for more."""
        first = [_position(event) for event in self._window]
        first += [_position(event) for event, again in self._ready if not again]
        again = [_position(event) for event, again in self._ready if again]
        # A repetition that a lost connection swallows need not come again …
        self.position = max(self.position, min(first) - 1 if first else self._read)
        if self._follower is not None:
            # … but while it is due, its event has not been taken.
            self._follower.take(min([self.position, *[each - 1 for each in again]]))

    def _connected(self, stream: AsyncIterator[Event]) -> None:
        self._stream = stream
        below: object = stream
        self._follower = below if isinstance(below, Follower) else None
        if self._follower is not None:
            self._follower.take_by_hand(self._holds())

    def _holds(self) -> str:
        if not self._knobs.reorder:
            return f"is held back by {self!r}"
        return (
            f"is held back by {self!r}, until a window of {self._knobs.reorder} events is full or the stream"
            " ends: append as many, or follow(live=False)"
        )

    async def _disconnect(self) -> None:
        self._on_connection = 0
        if self._open is not None:  # what is on its way is lost, and is sent again
            self._window, self._ready = [], []
            self._read = self.position
            await self._end()

    async def _end(self) -> None:
        close = getattr(self._stream, "aclose", None)
        self._stream = self._follower = None
        if close is not None:
            await close()

    async def aclose(self) -> None:
        """End the stream below: nothing comes any more."""
        self._ready, self._window, self._over = [], [], True
        await self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            error.add_note(f"under {self!r}, after {self.delivered} events")
        await self.aclose()


def _position(event: Any) -> int:
    position = getattr(event, "position", None)
    if position is None:
        position = seen(event).position
    if position is None:
        raise BadExpectation(f"{event!r} has no position: faults() is for recorded events")
    return int(position)
