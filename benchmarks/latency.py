"""How long an event takes from being recorded to the last of many viewers: ours beside its peers.

    python benchmarks/latency.py [--viewers 1000 ...] [--events 50] [--rate 10] [--rounds 3] [--only NAME ...]

So many events a second, one a commit, to viewers that are all caught up. Each delivery to each viewer counts; the
clock is CLOCK_MONOTONIC in both processes. Ours is counted from the moment its commit is known, and, in a
second line, from the publisher's call, so with the write to disk; the peers from the publisher's call.

Then the same with a reader that has stopped reading, 9 MB behind, among the viewers: it must not move the
others' p99 by more than 10 %.
"""

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import placing
from benchmarks.peers import fresh_folder, print_machine, ratios_of
from benchmarks.record import Recorder, Series, record_argument
from benchmarks.stream_contenders import (
    LIMITS,
    OURS,
    OURS_CONTENDER,
    Contender,
    contenders,
    named,
    running,
)
from benchmarks.wire_clients import NotDelivered, Viewers

WARM_UP_EVENTS = 5
BACKLOG_EVENTS, BACKLOG_BURST = 20_000, 100
OURS_CALLED = "ours, from the publisher's call"
OURS_BACKLOG = "ours, 20,000 events before"
OURS_FROZEN = "ours, the same and a frozen reader"
OF_OURS = (OURS, OURS_CALLED, OURS_BACKLOG, OURS_FROZEN)
FROZEN_MAX = 1.1


class Latencies:
    """Milliseconds: p50 and p99 of each contender's rounds."""

    def __init__(self) -> None:
        self.p50: dict[str, list[float]] = {}
        self.p99: dict[str, list[float]] = {}
        self.failed: dict[str, str] = {}
        """Who did not deliver everything to everybody, and what was missing."""

    def fail(self, name: str, error: NotDelivered) -> None:
        """One that does not deliver everything has no figures any more."""
        print(f"{name}: {error}; its figures are left out")
        self.failed[name] = str(error)
        for values in (self.p50, self.p99):
            values.pop(name, None)

    def add(self, name: str, sent: Sequence[int], arrivals: Sequence[Sequence[int]]) -> None:
        """One round: when each event was sent, and when it reached each viewer (ns)."""
        each = [
            (at - start) / 1e6
            for start, moments in zip(sent, arrivals, strict=True)
            for at in moments
        ]
        cuts = statistics.quantiles(each, n=100)
        self.p50.setdefault(name, []).append(cuts[49])
        self.p99.setdefault(name, []).append(cuts[98])

    def print(self) -> None:
        """One line a contender: the medians of its rounds."""
        for name, values in self.p50.items():
            p50, p99 = statistics.median(values), statistics.median(self.p99[name])
            print(f"  {name:38} p50 {p50:8.2f} ms   p99 {p99:8.2f} ms")

    def print_best_peer(self) -> None:
        """Ours against the best of the peers that could do its work."""
        for title, values in (("p50", self.p50), ("p99", self.p99)):
            best = best_peer(values)
            if best:
                self._print_ratio(title, values, OURS, best, 1.0)

    def print_frozen(self) -> None:
        """What a frozen reader costs the others."""
        if OURS_FROZEN in self.p99:
            self._print_ratio("p99", self.p99, OURS_FROZEN, OURS_BACKLOG, FROZEN_MAX)

    @staticmethod
    def _print_ratio(
        title: str, values: Mapping[str, list[float]], one: str, other: str, most: float
    ) -> None:
        ratios = ratios_of(values[one], values[other])
        median = statistics.median(ratios)
        verdict = "reached" if median <= most else "MISSED"
        spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"  {title}: {one} / {other}: {median:.2f} {spread}, at most {most}: {verdict}")


def best_peer(values: Mapping[str, Sequence[float]]) -> str | None:
    """The contender with the least median that is neither ours nor a limit; None without one, or without ours."""
    peers = [name for name in values if name not in OF_OURS and name not in LIMITS]
    if OURS not in values or not peers:
        return None
    return min(peers, key=lambda name: statistics.median(values[name]))


def measure(
    name: str, contender: Contender, viewers: int, events: int, every_s: float, into: Latencies
) -> None:
    """One round of one contender."""
    with running(contender) as server:
        clients = Viewers(server.port, contender.door)
        if name == OURS_FROZEN:
            clients.freeze()
        if name in (OURS_FROZEN, OURS_BACKLOG):
            server.order(clients.held, BACKLOG_EVENTS, BACKLOG_BURST)
            server.finish()
        clients.connect(viewers)
        server.order(clients.held, WARM_UP_EVENTS, 1, every_s)
        clients.arrivals(WARM_UP_EVENTS)
        server.finish()
        server.order(clients.held, events, 1, every_s)
        arrivals = clients.arrivals(events)
        server.finish()
        clients.close()
    into.add(name, server.answer.get("durable", server.answer["published"]), arrivals)
    if name == OURS:
        into.add(OURS_CALLED, server.answer["published"], arrivals)


def record(
    recorder: Recorder, chosen: Mapping[str, Contender], viewers: int, rate: float, found: Latencies
) -> None:
    """Two tables, p50 and p99, and what they are meant to be."""
    says = (
        f"{rate:g} events a second, one a commit; from the publisher's call to each viewer's socket. Ours is"
        f" also told from the moment the event is on disk. {placing.said().capitalize()}."
    )
    for title, values in (("p50", found.p50), ("p99", found.p99)):
        key = f"latency.{title}.{viewers}"
        series = [
            Series(named_of(name, chosen), "ms", tuple(each), name in OF_OURS, name in LIMITS)
            for name, each in values.items()
        ] + [
            Series(named_of(name, chosen), "ms", (), name in OF_OURS, name in LIMITS, why)
            for name, why in found.failed.items()
        ]
        heading = f"Latency to {viewers:,} viewers, {title}"
        recorder.table(key, heading, better="lower", series=series, says=says)
        best = best_peer(values)
        if best:
            ratios = ratios_of(values[OURS], values[best])
            recorder.ratio(key, OURS, named_of(best, chosen), ratios, 1.0)
            called = ratios_of(values[OURS_CALLED], values[best])
            recorder.ratio(key, OURS_CALLED, named_of(best, chosen), called)
    if {OURS_FROZEN, OURS_BACKLOG} <= set(found.p99):
        ratios = ratios_of(found.p99[OURS_FROZEN], found.p99[OURS_BACKLOG])
        recorder.ratio(f"latency.p99.{viewers}", OURS_FROZEN, OURS_BACKLOG, ratios, FROZEN_MAX)


def record_growth(
    recorder: Recorder, chosen: Mapping[str, Contender], found: Mapping[int, Latencies]
) -> None:
    """p99 against viewers, of all."""
    lines = {
        named_of(name, chosen): [
            statistics.median(values) if (values := each.p99.get(name)) else None
            for each in found.values()
        ]
        for name in next(iter(found.values())).p99
    }
    recorder.growth(
        "latency.p99",
        "Latency by viewers, p99",
        x="viewers",
        unit="ms",
        xs=list(found),
        lines=lines,
    )


def named_of(name: str, chosen: Mapping[str, Contender]) -> str:
    """A row's name with its versions."""
    return named(name, chosen[name]) if name in chosen else name


def main() -> None:
    """Run the rounds, print percentiles and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, nargs="+", default=[1_000])
    parser.add_argument("--events", type=int, default=50)
    parser.add_argument("--rate", type=float, default=10.0, help="events a second")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], help="contenders whose names begin so")
    record_argument(parser)
    arguments = parser.parse_args()
    recorder = Recorder.of(arguments)
    with fresh_folder() as folder:
        print_machine(folder)
    print(placing.said())
    wanted = tuple(arguments.only) or ("",)
    everyone = {**contenders(), OURS_BACKLOG: OURS_CONTENDER, OURS_FROZEN: OURS_CONTENDER}
    chosen = {name: one for name, one in everyone.items() if name.startswith(wanted)}
    found: dict[int, Latencies] = {}
    for viewers in arguments.viewers:
        into = found[viewers] = Latencies()
        for _ in range(arguments.rounds):
            for name, contender in chosen.items():
                if name in into.failed:
                    continue
                try:
                    measure(name, contender, viewers, arguments.events, 1 / arguments.rate, into)
                except NotDelivered as error:
                    into.fail(name, error)
        print(f"\n{viewers:,} viewers, {arguments.rate:g} events/s:")
        into.print()
        into.print_best_peer()
        into.print_frozen()
        record(recorder, chosen, viewers, arguments.rate, into)
    if len(found) > 1:
        record_growth(recorder, chosen, found)


if __name__ == "__main__":
    main()
