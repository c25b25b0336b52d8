"""Plays events at a pace to somebody who watches, or to a pipe; clock and waiting are handed in."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from app.client.messages import Event
from app.terminal.keys import Key, Wait
from app.terminal.pace import FASTER, STRIDE_S_MAX, Pace

FRAMES_PER_S: Final = 15
"""How often the screen is drawn anew while it plays."""

FRAME_S: Final = 1 / FRAMES_PER_S

SLEEP_S_MAX: Final = STRIDE_S_MAX / 2
"""A longer wait is several: the clock would take one for a stop."""

Clock = Callable[[], float]


def paced(
    events: Iterable[Event], pace: Pace, clock: Clock, sleep: Callable[[float], None]
) -> Iterator[Event]:
    """The events, each when it is due."""
    for event in events:
        pace.look(clock(), running=True)
        while (wait_s := pace.wait_s(event.occurred_at)) > 0:
            sleep(min(wait_s, SLEEP_S_MAX))
            pace.look(clock(), running=True)
        pace.shown(event.occurred_at)
        yield event


class Player:
    """Shows events as they become due, a picture at a time, and does what keys say.

    Attributes:
        paused: whether the clock stands.
        ended: whether all has been shown.
    """

    def __init__(self, events: Iterable[Event], pace: Pace, clock: Clock) -> None:
        self.paused = False
        self.ended = False
        self._events = iter(events)
        self._pace = pace
        self._clock = clock
        self._next: Event | None = None

    @property
    def pace(self) -> Pace:
        """The clock and its speed."""
        return self._pace

    def play(
        self,
        add: Callable[[Event], None],
        show: Callable[[], None],
        wait: Wait,
        on_key: Callable[[Key], None],
    ) -> bool:
        """Play to the end, or until somebody quits; whether it came to the end."""
        while True:
            begun = self._clock()
            self._pace.look(begun, running=not self.paused)
            if not self.paused:
                self._take(add, begun + FRAME_S)
            show()
            if self.ended:
                return True
            key = wait(max(0.0, begun + FRAME_S - self._clock()))
            if key == "quit":
                return False
            if key is not None:
                self._obey(key)
                on_key(key)

    def _take(self, add: Callable[[Event], None], until: float) -> None:
        """Give on what is due, for as long as a picture may take."""
        while self._clock() < until:
            if self._next is None:
                self._next = next(self._events, None)
            if self._next is None:
                self.ended = True
                return
            if self._pace.wait_s(self._next.occurred_at) > 0:
                return
            add(self._next)
            self._pace.shown(self._next.occurred_at)
            self._next = None

    def _obey(self, key: Key) -> None:
        if key == "pause":
            self.paused = not self.paused
        elif key == "faster":
            self._pace.speed = self._pace.speed.times(FASTER)
        elif key == "slower":
            self._pace.speed = self._pace.speed.times(1 / FASTER)
