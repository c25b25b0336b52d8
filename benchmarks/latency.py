"""How long an event takes from being recorded to the last of many viewers: ours beside its peers.

    python benchmarks/latency.py [--viewers 1000] [--events 50] [--rounds 3] [--only NAME ...]

Ten events a second, one a commit, to viewers that are all caught up. Each delivery to each viewer counts; the
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

from benchmarks.peers import fresh_folder, print_machine, ratios_of
from benchmarks.stream_contenders import (
    C_WRITER,
    OURS,
    OURS_CONTENDER,
    PREBUILT,
    Contender,
    contenders,
    running,
)
from benchmarks.wire_clients import Viewers

EVERY_S = 0.1
WARM_UP_EVENTS = 10
BACKLOG_EVENTS, BACKLOG_BURST = 20_000, 100
OURS_CALLED = "ours, from the publisher's call"
OURS_BACKLOG = "ours, 20,000 events before"
OURS_FROZEN = "ours, the same and a frozen reader"
LIMITS = (PREBUILT, C_WRITER)
FROZEN_MAX = 1.1


class Latencies:
    """Milliseconds: p50 and p99 of each contender's rounds."""

    def __init__(self) -> None:
        self.p50: dict[str, list[float]] = {}
        self.p99: dict[str, list[float]] = {}

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
            peers = [n for n in values if not n.startswith(OURS) and n not in LIMITS]
            if OURS not in values or not peers:
                continue
            best = min(peers, key=lambda name: statistics.median(values[name]))
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


def measure(name: str, contender: Contender, viewers: int, events: int, into: Latencies) -> None:
    """One round of one contender."""
    with running(contender) as server:
        clients = Viewers(server.port, contender.door)
        if name == OURS_FROZEN:
            clients.freeze()
        if name in (OURS_FROZEN, OURS_BACKLOG):
            server.order(clients.held, BACKLOG_EVENTS, BACKLOG_BURST)
            server.finish()
        clients.connect(viewers)
        server.order(clients.held, WARM_UP_EVENTS, 1, EVERY_S)
        clients.arrivals(WARM_UP_EVENTS)
        server.finish()
        server.order(clients.held, events, 1, EVERY_S)
        arrivals = clients.arrivals(events)
        server.finish()
        clients.close()
    into.add(name, server.answer.get("durable", server.answer["published"]), arrivals)
    if name == OURS:
        into.add(OURS_CALLED, server.answer["published"], arrivals)


def main() -> None:
    """Run the rounds, print percentiles and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], help="contenders whose names begin so")
    arguments = parser.parse_args()
    with fresh_folder() as folder:
        print_machine(folder)
    wanted = tuple(arguments.only) or ("",)
    everyone = {**contenders(), OURS_BACKLOG: OURS_CONTENDER, OURS_FROZEN: OURS_CONTENDER}
    chosen = {name: one for name, one in everyone.items() if name.startswith(wanted)}
    into = Latencies()
    for _ in range(arguments.rounds):
        for name, contender in chosen.items():
            measure(name, contender, arguments.viewers, arguments.events, into)
    print(f"\n{arguments.viewers:,} viewers, {1 / EVERY_S:.0f} events/s:")
    into.print()
    into.print_best_peer()
    into.print_frozen()


if __name__ == "__main__":
    main()
