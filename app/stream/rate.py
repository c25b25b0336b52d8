"""How much may pass in a time: pure, over a clock that is handed in."""

from typing import Final

MESSAGES_PER_MINUTE_MAX: Final = 6_000
"""Messages that a client may send over one connection in any minute, good or not; then it is closed with 4429.

A page that drags the time machine along sends some 60 a second; half of a minute's may come at once.
"""

REQUESTS_PER_MINUTE_MAX: Final = 60_000
"""Requests, and handshakes of sockets, of one client address in any minute; then 429 with `Retry-After`.

So many that a program on this machine that posts every tick on its own stays below.
"""

MINUTE_S: Final = 60.0


class Allowance:
    """So many in any span of time: half of them may come at once, the other half over the span."""

    __slots__ = ("_each_s", "_earned_at", "_span_s")

    def __init__(self, most: int, span_s: float = MINUTE_S) -> None:
        """`most` in any `span_s` seconds."""
        self._each_s = 2 * span_s / most
        self._span_s = span_s
        # The one thing to keep: when all that was taken will have been earned.
        self._earned_at = float("-inf")

    def take(self, now: float) -> bool:
        """Take one; False, and nothing is taken, where none is left.

        Args:
            now: seconds of a steady clock.
        """
        earned_at = max(self._earned_at, now) + self._each_s
        if earned_at > now + self._span_s:
            return False
        self._earned_at = earned_at
        return True

    def wait_s(self, now: float) -> float:
        """In how many seconds there will be one to take; 0 where there is."""
        return max(0.0, self._earned_at + self._each_s - self._span_s - now)


class Pace:
    """So many bytes in any second: nothing is saved up, and who has sent waits until that is earned.

    Whatever the sizes of the pieces up to `piece`, no second holds more than the limit: the pace is below it
    by one piece, the one that may go as soon as the ones before are earned.
    """

    __slots__ = ("_free_at", "_per_s")

    def __init__(self, bytes_per_s_max: int, piece: int) -> None:
        """`piece`: bytes that are spent at once, at most; of a longer one the rest goes beyond the limit."""
        if bytes_per_s_max <= piece:
            raise ValueError(f"a second must hold more than one piece of {piece:,} bytes")
        self._per_s = bytes_per_s_max - piece
        self._free_at = float("-inf")

    def wait_s(self, now: float) -> float:
        """In how many seconds the next piece may go; 0 where it may."""
        return max(0.0, self._free_at - now)

    def spend(self, size: int, now: float) -> None:
        """Note that so many bytes go now."""
        self._free_at = max(self._free_at, now) + size / self._per_s
