"""A stream of events with planted faults; `events.testing.faults` makes one."""

import random
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from events.testing.errors import BadExpectation, Crashed, DroppedConnection
from events.testing.follower import Follower
from events.testing.seen import seen

Event = TypeVar("Event")
Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Knobs:
    """What is planted; None or 0 for what is not. See `faults`."""

    repeat: int | float = 0
    reorder: int = 0
    delay: tuple[float, float] | None = None
    drop_connection: int = 0
    crash_after: int = 0

    def __str__(self) -> str:
        names = ("repeat", "reorder", "delay", "drop_connection", "crash_after")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names if getattr(self, name))


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
        if not callable(source):
            self._connected(aiter(source))
        self._knobs, self._sleep, self._random = knobs, sleep, random.Random(seed)
        self._crashed = self._over = False
        self._read = self._on_connection = self._read_in_all = 0
        self._window: list[Event] = []
        self._ready: list[tuple[Event, bool]] = []
        """What is handed out next, each with whether it is a repetition."""

    def __repr__(self) -> str:
        knobs = f"{self._knobs}, " if str(self._knobs) else ""
        return f"faults({knobs}seed={self.seed})"

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
        self._window, self._ready, self._over = [], [], False
        self.position = self._read = after
        self._on_connection = 0
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        self._let_go()
        knobs = self._knobs
        if knobs.crash_after and not self._crashed and self.delivered >= knobs.crash_after:
            self._crashed = True
            await self._disconnect()
            raise Crashed(f"planted: a crash after {self.delivered} events; {self!r}")
        if knobs.drop_connection and self._on_connection >= knobs.drop_connection:
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
        return self._ready.pop(0)[0]

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
            self._follower.take_by_hand()

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
