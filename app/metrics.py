"""What is counted while the program runs: plain numbers, read when somebody asks for `/metrics`.

The stream counts per batch and connection, so a count must cost next to nothing: an addition to an
attribute. `app.api.metrics` turns the numbers into the text that Prometheus reads. Single-threaded: the
event loop's own code counts, and reads. `docs/reference/metrics.md` lists every metric.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from app.stream.close_codes import COUNTED_CODES

APPEND_BOUNDS_S: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""A commit takes a millisecond or two on a disk that syncs; ten seconds are a fault."""

DELIVERY_BOUNDS_S: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)

OTHER_CODE: Final = "other"
"""Clients may close with any of 4,000 codes: those that nobody has named are one label value."""


class Way(StrEnum):
    """How a client is connected."""

    WS = "ws"
    SSE = "sse"
    REPLAY = "replay"


class Histogram:
    """How often a duration fell between which bounds, in seconds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds`: the upper end of each bucket, inclusive, rising; one more is without an end."""
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def cumulative(self) -> list[tuple[str, int]]:
        """Each bound as Prometheus writes it, with how many durations were not longer."""
        labels = [*(repr(bound) for bound in self.bounds), "+Inf"]
        running = 0
        rows = []
        for label, count in zip(labels, self.counts, strict=True):
            running += count
            rows.append((label, running))
        return rows


class LogMetrics:
    """What is counted about appends."""

    __slots__ = ("append", "events")

    def __init__(self) -> None:
        self.append = Histogram(APPEND_BOUNDS_S)
        self.events = 0

    def append_seconds(self, seconds: float, events: int) -> None:
        """An append of so many events was committed, this long after it was asked for."""
        self.append.observe(seconds)
        self.events += events


class StreamMetrics:
    """What is counted about connections and what they are sent; one object for all ways in."""

    __slots__ = (
        "closed",
        "conflated_events",
        "delivered_bytes",
        "delivered_events",
        "delivery",
        "laggings",
        "open",
        "opened",
        "parkings",
        "refusals",
        "unparkings",
    )

    def __init__(self) -> None:
        self.opened: Counter[Way] = Counter()
        self.open: Counter[Way] = Counter()
        self.closed: Counter[tuple[Way, str]] = Counter()
        self.delivered_events = 0
        self.delivered_bytes = 0
        self.parkings = 0
        self.unparkings = 0
        self.conflated_events = 0
        self.laggings = 0
        self.refusals: Counter[str] = Counter()
        self.delivery = Histogram(DELIVERY_BOUNDS_S)

    def connection_opened(self, way: Way) -> None:
        """A client has connected."""
        self.opened[way] += 1
        self.open[way] += 1

    def connection_closed(self, way: Way, code: int) -> None:
        """A client's connection has ended, with this close code (1006: without one)."""
        self.open[way] -= 1
        self.closed[way, str(code) if code in COUNTED_CODES else OTHER_CODE] += 1

    def delivered(self, events: int, size: int) -> None:
        """So many events, `size` bytes, were handed to connections' writers."""
        self.delivered_events += events
        self.delivered_bytes += size

    def parked(self) -> None:
        """A connection whose client does not read was parked."""
        self.parkings += 1

    def unparked(self) -> None:
        """A parked connection reads again, or has ended."""
        self.unparkings += 1

    def conflated(self, events: int) -> None:
        """So many events were left out because newer ones replace them (`delivery: "latest"`)."""
        self.conflated_events += events

    def lagging(self) -> None:
        """A client was told that its delivery fell back to the store."""
        self.laggings += 1

    def refused(self, code: str) -> None:
        """A client's message was answered by an error with this code, one of the protocol's own."""
        self.refusals[code] += 1

    def delivery_seconds(self, seconds: float) -> None:
        """A batch was handed to the caught-up connections' writers, this long after its oldest commit."""
        self.delivery.observe(seconds)
