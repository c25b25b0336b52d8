"""What several nodes over one log do: latency between them, appends of all, viewers of one, and what a node costs.

    python benchmarks/cluster.py [--quick] [--rounds 5] [--only latency appends ...]

Real PostgreSQL with its defaults (`fsync` and `synchronous_commit` on), real NATS, and nodes as `synapse serve`
runs them, each a process of its own; all of them, and the viewers, share this machine. Ways are interleaved in
rounds; a figure is the median of the rounds, with the least and the most behind it.

- latency: from the call of an append of one event on one node (so with the commit to disk) until a viewer's socket
  has its frame, on the same node and on another one, with hints by NATS, by NOTIFY, and by the poll alone;
- appends: durable events a second of many clients with one event each, and of one client a node with 1,000 at a time,
  on 1, 2 and 4 nodes; beside them PostgreSQL itself, one connection into a table without index: COPY, and
  UPDATE of a counter plus INSERT in a transaction;
- viewers: how many one node serves until the p99 of that latency passes 100 ms, at 1, 10 and 50 events a second;
- nodes: what a further node costs the others, NATS and the database, idle and while one node writes;
- outage: the same latency while NATS is killed and started again.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from benchmarks import cluster_record
from benchmarks.append_postgres import print_server
from benchmarks.cluster_measures import (
    COPY,
    COUNTER,
    Crowd,
    Percentiles,
    Rate,
    appends,
    crowd,
    further,
    latencies,
    outage,
    percentiles,
    raw,
)
from benchmarks.cluster_nodes import NATS, NOTIFY, POLL, Servers, servers
from benchmarks.peers import fresh_folder, print_machine
from benchmarks.record import Recorder, record_argument

BATCH: Final = 1_000
P99_MS_MAX: Final = 100.0
SAME: Final = "the same node"
STEADY: Final = 200.0
"""Events a second of what one node writes while others follow."""

_console = Console(width=118)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: of each way.
        seconds: of each flow of events.
        rates: events a second, of the latencies.
        nodes: how many write, in turn.
        followed: how many nodes follow one that writes, with it, in turn.
        clients: in all, with appends of one event; how many each makes.
        batches: of 1,000 events, in all.
        crowds: viewers of one node, in turn.
        crowd_rates: events a second to them.
        idle_s: how long idle nodes are watched.
        phase_s: how long NATS is away.
    """

    rounds: int
    seconds: float
    rates: Sequence[float]
    nodes: Sequence[int]
    followed: Sequence[int]
    clients: int
    each: int
    batches: int
    crowds: Sequence[int]
    crowd_rates: Sequence[float]
    idle_s: float
    phase_s: float


FULL: Final = Plan(
    rounds=5,
    seconds=6.0,
    rates=(20.0, STEADY),
    nodes=(1, 2, 4),
    followed=(1, 2, 4),
    clients=400,
    each=50,
    batches=40,
    crowds=(1_000, 2_000, 4_000, 5_000, 6_000, 8_000, 12_000, 16_000),
    crowd_rates=(1.0, 10.0, 50.0),
    idle_s=10.0,
    phase_s=6.0,
)
QUICK: Final = Plan(
    rounds=1,
    seconds=1.0,
    rates=(20.0, STEADY),
    nodes=(1, 2),
    followed=(2,),
    clients=100,
    each=10,
    batches=4,
    crowds=(200,),
    crowd_rates=(10.0,),
    idle_s=2.0,
    phase_s=1.0,
)

# --- showing --------------------------------------------------------------------------------------


def spread(values: Sequence[float], digits: int = 1) -> str:
    """The median, and the least and the most."""
    median = f"{statistics.median(values):,.{digits}f}"
    if len(values) == 1:
        return median
    return f"{median} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; its first column names the rows."""
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    _console.print(table)


def named(nodes: int) -> str:
    """How many nodes."""
    return "1 node" if nodes == 1 else f"{nodes} nodes"


def interleaved(rounds: int, ways: Sequence[Callable[[], None]]) -> None:
    """Each way once a round; each round begins with another."""
    for number in range(rounds):
        turn = number % len(ways)
        for way in [*ways[turn:], *ways[:turn]]:
            way()


# --- sections -------------------------------------------------------------------------------------


def show_latency(made: Servers, plan: Plan, recorder: Recorder) -> None:
    """From an append to a frame."""
    found: dict[tuple[float, str], list[Percentiles]] = {}

    def one(hints: str) -> None:
        for rate, (same, other) in latencies(made, hints, plan.rates, plan.seconds).items():
            # The base is measured beside each way, and is the same for all.
            found.setdefault((rate, SAME), []).append(same)
            found.setdefault((rate, f"another node, {hints}"), []).append(other)

    interleaved(plan.rounds, [partial(one, hints) for hints in (NATS, NOTIFY, POLL)])
    rows = [
        (f"{rate:g} events/s, {way}", *(spread(each) for each in zip(*took, strict=True)))
        for (rate, way), took in sorted(found.items(), key=lambda item: item[0][0])
    ]
    show("From an append on one node to a viewer's socket, ms", ("", "p50", "p99"), rows)
    cluster_record.latency(recorder, found)


def show_appends(made: Servers, plan: Plan, recorder: Recorder) -> None:
    """What all nodes append together, beside what the database could take."""
    found: dict[str, list[Rate]] = {}

    def one(name: str, measure: Callable[[], Rate]) -> None:
        found.setdefault(name, []).append(measure())

    ways: list[Callable[[], None]] = []
    for nodes in plan.nodes:
        single = partial(appends, made, nodes, plan.clients, plan.each, 1)
        batched = partial(appends, made, nodes, nodes, plan.batches // nodes, BATCH)
        many = f"{plan.clients} clients, 1 event each"
        ways.append(partial(one, f"{named(nodes)}, {many}", single))
        ways.append(partial(one, f"{named(nodes)}, {BATCH:,} at a time", batched))
    rows, few = plan.batches * BATCH, plan.clients
    ways.append(
        partial(one, f"bare: {COPY}, {BATCH:,} a commit", partial(raw, made, COPY, rows, BATCH))
    )
    for size, count in ((BATCH, rows), (1, few)):
        name = f"bare: {COUNTER}, {size:,} a commit"
        ways.append(partial(one, name, partial(raw, made, COUNTER, count, size)))
    interleaved(plan.rounds, ways)
    table = [
        (
            name,
            spread([rate.events_per_s for rate in rates], 0),
            spread([rate.commits_per_s for rate in rates], 0),
        )
        for name, rates in sorted(found.items(), key=lambda item: item[0].split(" ", 2)[2])
    ]
    show("Durable appends", ("", "events/s", "commits/s"), table)
    cluster_record.appends(recorder, found)


def show_viewers(made: Servers, plan: Plan, recorder: Recorder) -> None:
    """How many viewers one node serves."""
    for rate in plan.crowd_rates:
        found: dict[int, list[Crowd]] = {}
        for _ in range(plan.rounds):
            _climb(made, plan, rate, found)
        rows = [_crowd_row(viewers, crowds) for viewers, crowds in found.items()]
        show(
            f"Viewers of one node at {rate:g} events/s",
            (
                "viewers",
                "p50 ms",
                "p99 ms",
                "node CPU",
                "us a message",
                "KiB a viewer",
                "bench CPU",
            ),
            rows,
        )
        cluster_record.viewers(recorder, rate, found)


def _climb(made: Servers, plan: Plan, rate: float, found: dict[int, list[Crowd]]) -> None:
    for viewers in plan.crowds:
        result = crowd(made, viewers, rate, plan.seconds)
        found.setdefault(viewers, []).append(result)
        if result.took is None or result.took[1] > P99_MS_MAX:
            return


def _crowd_row(viewers: int, crowds: Sequence[Crowd]) -> Sequence[str]:
    took = [crowd.took for crowd in crowds if crowd.took is not None]
    return (
        f"{viewers:,}",
        *([spread(each) for each in zip(*took, strict=True)] or ["not delivered"] * 2),
        f"{statistics.median(crowd.cpu for crowd in crowds):.0%}",
        f"{statistics.median(crowd.cpu_us for crowd in crowds):.1f}",
        f"{statistics.median(crowd.kib for crowd in crowds):.1f}",
        f"{statistics.median(crowd.watched for crowd in crowds):.0%}",
    )


FURTHER: Final[Mapping[str, int]] = {
    "idle: transactions/s a node": 1,
    "idle: CPU % a node": 2,
    "NATS in, bytes an event": 0,
    "NATS out, bytes an event": 0,
    "reads an event, each other node": 2,
    "transactions an event, all": 2,
    "writer, CPU us an event": 0,
    "each other node, CPU us an event": 0,
}
"""What is told of further nodes, and how many decimal places."""

FIGURES_A_TABLE: Final = 4


def show_nodes(made: Servers, plan: Plan, recorder: Recorder) -> None:
    """What further nodes cost."""
    found: dict[str, list[Sequence[float]]] = {}

    def one(name: str, hints: str, nodes: int) -> None:
        cost = further(made, hints, nodes, STEADY, plan.seconds, plan.idle_s)
        of_nodes = (cost.idle_tx_per_s, cost.idle_cpu * 100, cost.in_bytes, cost.out_bytes)
        figures = (*of_nodes, cost.reads, cost.tx, cost.writer_us, cost.other_us)
        found.setdefault(name, []).append(figures)

    ways = [
        partial(one, f"{named(nodes)}, {hints}", hints, nodes)
        for nodes in plan.followed
        for hints in (NATS, NOTIFY)
    ]
    interleaved(plan.rounds, ways)
    kinds = list(FURTHER.items())
    for first in range(0, len(kinds), FIGURES_A_TABLE):
        some = kinds[first : first + FIGURES_A_TABLE]
        rows = [
            (
                name,
                *(
                    spread([figures[at] for figures in rounds], digits)
                    for at, (_, digits) in enumerate(some, start=first)
                ),
            )
            for name, rounds in sorted(found.items())
        ]
        title = f"One node writes {STEADY:g} events/s, all follow"
        show(title, ("", *(what for what, _ in some)), rows)
    cluster_record.nodes(recorder, list(FURTHER), found)


def show_outage(made: Servers, plan: Plan, recorder: Recorder) -> None:
    """What it is like to lose NATS."""
    found = [outage(made, 50.0, plan.phase_s) for _ in range(plan.rounds)]
    phases = {
        "before": [each.before for each in found],
        "NATS is away, and until nodes have found it again": [each.during for each in found],
        "after": [each.after for each in found],
    }
    rows = [
        (
            name,
            *(spread(each) for each in zip(*map(percentiles, took), strict=True)),
            spread([max(each) for each in took]),
        )
        for name, took in phases.items()
    ]
    show(
        "NATS killed and started again, ms to another node's viewer",
        ("", "p50", "p99", "most"),
        rows,
    )
    print(f"As before so long after NATS was back: {spread([each.back_s for each in found])} s.")
    print("Every event arrived once.")
    cluster_record.outage(recorder, found)


SECTIONS: Final[Mapping[str, Callable[[Servers, Plan, Recorder], None]]] = {
    "latency": show_latency,
    "appends": show_appends,
    "viewers": show_viewers,
    "nodes": show_nodes,
    "outage": show_outage,
}


def main() -> None:
    """Run the sections that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a look, in about a minute")
    parser.add_argument("--rounds", type=int, help="5 unless --quick")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    record_argument(parser)
    arguments = parser.parse_args()
    plan = QUICK if arguments.quick else FULL
    if arguments.rounds:
        plan = replace(plan, rounds=arguments.rounds)
    with fresh_folder() as folder:
        print_machine(folder)
    with servers() as made:
        print_server(made.postgres)
        for name in arguments.only:
            print(f"\nload of the machine before: {os.getloadavg()[0]:.1f}", flush=True)
            SECTIONS[name](made, plan, Recorder.of(arguments))


if __name__ == "__main__":
    main()
