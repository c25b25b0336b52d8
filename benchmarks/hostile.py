"""What hostile clients cost the healthy ones: live latency beside 1,000 slowloris, subscription floods, 500 replays.

    python benchmarks/hostile.py [--viewers 200] [--events 100] [--rounds 3] [--only NAME ...]

Each round starts a server with 20,000 events in its log, and measures twice: quiet, and with the attackers
(attackers.py, a process of their own) at work. Twenty events a second, one a commit, to viewers that are all
caught up; each delivery to each viewer counts, from the moment the commit is known. The ratio of the two p99 is
taken within a round; its median over the rounds is what travels, and is meant to be at most 2. Server, viewers and
attackers share all cores.
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.attackers import KINDS
from benchmarks.latency import BACKLOG_BURST, BACKLOG_EVENTS, WARM_UP_EVENTS
from benchmarks.peers import fresh_folder, print_machine, ratios_of
from benchmarks.record import Recorder, Series, record_argument
from benchmarks.stream_contenders import HERE, OURS_CONTENDER, Running, running
from benchmarks.wire_clients import Viewers

EVERY_S = 0.05
RATIO_MAX = 2.0


@contextmanager
def attacked(kind: str, port: int) -> Iterator[None]:
    """With the attackers of one kind at work, once all of them are there."""
    command = [sys.executable, str(HERE / "attackers.py"), kind, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the attackers ended; what they said is above")
        yield
    finally:
        process.kill()
        process.wait()


def latencies(server: Running, clients: Viewers, events: int) -> tuple[float, float]:
    """p50 and p99 in ms."""
    server.order(0, WARM_UP_EVENTS, 1, EVERY_S)
    clients.arrivals(WARM_UP_EVENTS)
    server.finish()
    server.order(0, events, 1, EVERY_S)
    arrivals = clients.arrivals(events)
    server.finish()
    sent = server.answer["durable"]
    each = [
        (at - start) / 1e6 for start, moments in zip(sent, arrivals, strict=True) for at in moments
    ]
    cuts = statistics.quantiles(each, n=100)
    return cuts[49], cuts[98]


def measure(kind: str, viewers: int, events: int) -> list[tuple[float, float]]:
    """One round: quiet, then attacked; and what the server's memory became."""
    with running(OURS_CONTENDER, apart=False) as server:
        server.order(0, BACKLOG_EVENTS, BACKLOG_BURST)
        server.finish()
        clients = Viewers(server.port, OURS_CONTENDER.door)
        clients.connect(viewers)
        quiet, before = latencies(server, clients, events), server.resident_kb()
        with attacked(kind, server.port):
            busy, after = latencies(server, clients, events), server.resident_kb()
        clients.close()
    print(
        f"  {kind:14} {line(quiet)} | {line(busy)} | {before / 1024:.0f} -> {after / 1024:.0f} MiB"
    )
    return [quiet, busy]


def line(found: tuple[float, float]) -> str:
    """One measurement."""
    return f"p50 {found[0]:7.2f} p99 {found[1]:8.2f} ms"


def main() -> None:
    """Run the rounds, print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(KINDS), choices=list(KINDS))
    record_argument(parser)
    arguments = parser.parse_args()
    with fresh_folder() as folder:
        print_machine(folder)
    print(f"\n{arguments.viewers} viewers, {1 / EVERY_S:.0f} events/s: quiet | attacked | memory")
    found: dict[str, list[list[tuple[float, float]]]] = {kind: [] for kind in arguments.only}
    for _ in range(arguments.rounds):
        for kind in arguments.only:
            found[kind].append(measure(kind, arguments.viewers, arguments.events))
    print("\nmedians of the rounds")
    for kind, rounds in found.items():
        quiet = [one[0][1] for one in rounds]
        busy = [one[1][1] for one in rounds]
        judge(kind, quiet, busy)
        record(Recorder.of(arguments), kind, arguments.viewers, quiet, busy)


def judge(kind: str, quiet: Sequence[float], busy: Sequence[float]) -> None:
    """Print the medians of one kind, and whether the ratio is what it is meant to be."""
    ratios = ratios_of(busy, quiet)
    median = statistics.median(ratios)
    verdict = "reached" if median <= RATIO_MAX else "MISSED"
    print(
        f"  {kind:14} p99 quiet {statistics.median(quiet):.2f} ms, attacked"
        f" {statistics.median(busy):.2f} ms; ratio {median:.2f} ({min(ratios):.2f} to"
        f" {max(ratios):.2f}), at most {RATIO_MAX}: {verdict}"
    )


def record(
    recorder: Recorder, kind: str, viewers: int, quiet: Sequence[float], busy: Sequence[float]
) -> None:
    """One kind of attack, beside none."""
    key = f"hostile.{kind}.{viewers}"
    series = [
        Series(title, "ms", tuple(values), ours=True)
        for title, values in (("quiet", quiet), ("attacked", busy))
    ]
    recorder.table(
        key,
        f"Live latency of {viewers:,} healthy viewers beside an attack ({kind}), p99",
        better="lower",
        series=series,
        says=f"{1 / EVERY_S:.0f} events a second; server, viewers and attackers share all cores.",
    )
    recorder.ratio(key, "attacked", "quiet", ratios_of(busy, quiet), RATIO_MAX)


if __name__ == "__main__":
    main()
