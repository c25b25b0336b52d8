"""The load that every peer gets, and its subscribers. Pure, but for the clock."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from benchmarks.certificate_history import View

SLOW_READ: Final = 50
"""A slow subscriber reads so many events, …"""
SLOW_PAUSE_S: Final = 0.1
"""… then pauses for so long."""
SETTLE_S: Final = 1.0
"""Once the writers are done, a subscriber that has seen the newest event waits so long for older ones, …"""
STALLED_S: Final = 30.0
"""… and one that has not, so long for anything at all."""
LOOK_S: Final = 0.02


class Kind(StrEnum):
    """How a subscriber behaves."""

    FAST = "fast"
    """There before the first event, reads at once."""
    LATE = "late"
    """Comes when a third has been written, and reads from the beginning."""
    SLOW = "slow"
    """There before the first event, reads a little at a time."""
    RECONNECTING = "reconnecting"
    """Goes away again and again, and resumes from its last position."""


@dataclass(frozen=True)
class Load:
    """So many writers, each of which writes so many events one after the other; so many of each subscriber."""

    writers: int
    each: int
    of_each_kind: int
    reconnect_every: int
    seed: int

    @property
    def events(self) -> int:
        """All events."""
        return self.writers * self.each

    def kinds(self) -> dict[str, int]:
        """The subscribers, for the table."""
        return {kind.value: self.of_each_kind for kind in Kind}

    def views(self) -> list[View]:
        """The subscribers, who have seen nothing."""
        return [
            View(f"{kind.value} {number}", kind.value)
            for kind in Kind
            for number in range(1, self.of_each_kind + 1)
        ]

    def cuts(self, view: View) -> random.Random:
        """What a reconnecting subscriber's moments follow from."""
        return random.Random(f"{self.seed} {view.name}")

    def stay(self, chance: random.Random) -> int:
        """How many events a reconnecting subscriber takes before it goes away."""
        return chance.randint(2, 2 * self.reconnect_every)


class Settling:
    """Whether subscribers have had their time: everybody saw the newest event a while ago, or nothing comes any more."""

    def __init__(self, views: Sequence[View], head: int, stalled_s: float = STALLED_S) -> None:
        """`head`: the position of the newest event in the store."""
        self._views, self._head, self._stalled_s = views, head, stalled_s
        self._before: list[tuple[int, int]] = []
        self._since = time.monotonic()

    def is_over(self) -> bool:
        """Ask again and again; each time that something came begins anew."""
        now = [(view.cursor, view.count) for view in self._views]
        if now != self._before:
            self._before, self._since = now, time.monotonic()
        whole = all(cursor >= self._head for cursor, _ in now)
        return time.monotonic() - self._since > (SETTLE_S if whole else self._stalled_s)
