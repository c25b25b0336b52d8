"""What a run is to do, and every number that it counts or waits by. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle, islice
from typing import Final

WRITERS_MAX: Final = 64
"""Writers of one run: tasks of one process."""

SUBSCRIBERS_MAX: Final = 1_000
"""Subscribers of one run: tasks, too."""

SYMBOLS_MAX: Final = 1_000
"""As many as one subscribe may name."""

PRICES_MAX: Final = 100_000
"""Prices that one run sends; all that its subscribers see is kept until the verdict."""

BATCH_PRICES_MAX: Final = 5
"""Prices in one request: as many or fewer, by chance."""

REPEATED_SHARE: Final = 0.05
"""So many answered requests are sent a second time: they must be answered as before, and record nothing."""

LOST_SHARE: Final = 0.02
"""Of so many requests the answer is not waited for, as if it were lost; then they are sent again."""

ANSWER_S_MAX: Final = 10.0
"""How long a request may take to be answered, before it is sent again."""

ATTEMPT_S_MIN: Final = 1.0
"""One attempt may always take so long, however little patience there is."""

RETRY_S_MIN: Final = 0.05
RETRY_S_MAX: Final = 1.0
"""Between two attempts of a writer or a subscriber: from the first, doubled up to the second."""

SLOW_READ_MAX: Final = 100
"""A slow subscriber reads at most so many messages, …"""
SLOW_PAUSE_S_MAX: Final = 0.3
"""… then nothing for up to so long."""
SLOW_BUFFER_BYTES: Final = 65_536
"""The kernel's buffer of a slow subscriber, so that the server notices; a smaller one creeps."""

LATE_LAST: Final = 20
"""Events of each stream that a late subscriber with `last` asks for, at most."""
LATE_LAST_SHARE: Final = 0.25
"""It asks for so many of the prices that a symbol gets, so that there is more than that when it comes."""

UNASKED_MAX: Final = 1_000
"""Events that a subscriber takes though it did not ask for them; then it goes away."""

HISTORIES: Final = ("all", "after", "last", "none")
"""The kinds of history that are asked for."""


class Kind(StrEnum):
    """How a subscriber behaves."""

    FAST = "fast"
    """Every channel and symbol from the run's beginning, read at once."""
    RECONNECTING = "reconnecting"
    """Cuts its connection again and again, half of the time without a word, and resumes with its cursor."""
    LATE = "late"
    """Comes while the writers write: with all of the past, what follows a position, or the last few."""
    OVERLAPPING = "overlapping"
    """Two subscribes on one connection that share some streams."""
    SSE = "sse"
    """Server-Sent Events, cut off and resumed with `Last-Event-ID`."""
    SLOW = "slow"
    """Reads a little at a time while the writers write."""


_OTHERS: Final = (Kind.FAST, Kind.RECONNECTING, Kind.LATE, Kind.OVERLAPPING, Kind.SSE)


@dataclass(frozen=True)
class Plan:
    """One run.

    Attributes:
        url: the server.
        token: for the writers, and for reading where that needs one; None if the server asks for none.
        writers, subscribers: how many.
        prices: how many prices are sent in all, …
        seconds: … or for how long prices are sent, at most `PRICES_MAX` of them.
        symbols: how many symbols the writers share; each is written by one.
        slow: the share of the subscribers that read slowly.
        reconnect_every: a reconnecting subscriber cuts after 2 to twice so many events.
        seed: what everything that is left to chance follows from.
        prefix, run: the symbols are `PREFIX-RUN-1`, `PREFIX-RUN-2`, …
        timeout_s: once the writers are done, so long may nothing come to subscribers that lack something.
        patience_s: how long the server may be away.
    """

    url: str
    run: str
    token: str | None = None
    writers: int = 4
    subscribers: int = 8
    prices: int = 2_000
    seconds: float | None = None
    symbols: int = 8
    slow: float = 0.25
    reconnect_every: int = 200
    seed: int = 0
    prefix: str = "CHK"
    timeout_s: float = 30.0
    patience_s: float = 10.0

    @property
    def names(self) -> list[str]:
        """The symbols."""
        return [f"{self.prefix}-{self.run}-{number}" for number in range(1, self.symbols + 1)]

    @property
    def prices_max(self) -> int:
        """Prices that are sent at most."""
        return self.prices if self.seconds is None else PRICES_MAX

    @property
    def late_last(self) -> int:
        """How many events of each stream one asks for that asks for the last few."""
        if self.seconds is not None:
            return LATE_LAST
        return max(2, min(LATE_LAST, round(LATE_LAST_SHARE * self.prices / self.symbols)))

    @property
    def attempt_s_max(self) -> float:
        """How long any one answer is waited for."""
        return max(ATTEMPT_S_MIN, min(ANSWER_S_MAX, self.patience_s))

    def kinds(self) -> Iterator[Kind]:
        """The kind of each subscriber: first those that are not slow, one of each kind in turn.

        There is one of every kind where there are as many as kinds, unless none or all are to be slow.
        """
        slow = round(self.subscribers * self.slow)
        if self.subscribers >= len(Kind) and 0 < self.slow < 1:
            slow = max(1, min(slow, self.subscribers - len(_OTHERS)))
        yield from islice(cycle(_OTHERS), self.subscribers - slow)
        yield from [Kind.SLOW] * slow
