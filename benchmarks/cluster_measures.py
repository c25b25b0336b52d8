"""What benchmarks/cluster.py measures: one function for one run of each kind."""

import statistics
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own

from benchmarks.append import parts
from benchmarks.append_postgres import RAW_INSERT, RAW_TABLE, fresh_database
from benchmarks.cluster_nodes import NATS, Servers, milliseconds
from benchmarks.peers import RawRow, raw_rows, run_async, untouched_garbage
from benchmarks.wire_clients import NotDelivered

RAW_COUNTER: Final = "UPDATE counter SET position = position + $1"
FAST_MS_MAX: Final = 100.0
LOOKED_AT: Final = 40
"""Events, for longer than a poll: of those that it brings half take 250 ms."""

COPY, COUNTER = "COPY", "UPDATE, INSERT"
STATISTICS_S: Final = 1.5
"""After this PostgreSQL's counts hold what was done before."""

Percentiles = tuple[float, float]
"""p50 and p99, in milliseconds."""


def percentiles(each: Sequence[float]) -> Percentiles:
    """Of many."""
    cuts = statistics.quantiles(each, n=100)
    return cuts[49], cuts[98]


# --- latency --------------------------------------------------------------------------------------


def latencies(
    servers: Servers, hints: str, rates: Sequence[float], seconds: float
) -> Mapping[float, tuple[Percentiles, Percentiles]]:
    """For each rate: from the append on one node to a viewer of that node, and to one of another."""
    found: dict[float, list[Percentiles]] = {rate: [] for rate in rates}
    with servers.cluster(2, hints) as cluster:
        for node in cluster.nodes:
            viewers = cluster.viewers(node, 1)
            for rate in rates:
                flown = cluster.flow(viewers, round(rate * seconds), 1 / rate)
                found[rate].append(percentiles(milliseconds(*flown)))
            viewers.close()
    return {rate: (same, other) for rate, (same, other) in found.items()}


@dataclass(frozen=True, slots=True)
class Outage:
    """Events before NATS was killed, while it was away, and after it was back: milliseconds each took."""

    before: list[float]
    during: list[float]
    after: list[float]
    back_s: float
    """From NATS' start until the first event that was as fast as before."""


def outage(servers: Servers, rate: float, phase_s: float) -> Outage:
    """Kill NATS, start it again a phase later, and see how events come meanwhile."""
    moments: list[int] = []

    def strike() -> None:
        servers.nats.kill()
        moments.append(time.monotonic_ns())

    def mend() -> None:
        servers.nats.start()
        moments.append(time.monotonic_ns())

    with servers.cluster(2, NATS) as cluster:
        viewers = cluster.viewers(cluster.nodes[1], 1)
        timers = [threading.Timer(phase_s, strike), threading.Timer(2 * phase_s, mend)]
        for timer in timers:
            timer.start()
        # Its last phase is as long again as a lost connection may take to be tried.
        called, arrivals = cluster.flow(viewers, round(4 * phase_s * rate), 1 / rate)
        for timer in timers:
            timer.join()
        viewers.close()
    took = milliseconds(called, arrivals)
    killed, started = moments
    back = _fast_again(took, sum(at <= started for at in called))
    lost = sum(at < killed for at in called)
    return Outage(took[:lost], took[lost:back], took[back:], (called[back] - started) / 1e9)


def _fast_again(took: Sequence[float], first: int) -> int:
    """From which event on they come as hints bring them, not as the poll does."""
    for start in range(first, len(took) - LOOKED_AT):
        window = took[start : start + LOOKED_AT]
        if statistics.median(window) < FAST_MS_MAX:
            return start + max(
                (n + 1 for n, ms in enumerate(window) if ms > FAST_MS_MAX), default=0
            )
    raise RuntimeError("NATS came back, but events did not come sooner")


# --- appends --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rate:
    """What was appended in a second, and what it took."""

    events_per_s: float
    commits_per_s: float


def appends(servers: Servers, nodes: int, clients: int, each: int, size: int) -> Rate:
    """So many clients in all, spread over the nodes; each makes so many appends of so many events."""
    with servers.cluster(nodes, NATS) as cluster:
        share = clients // nodes
        for node in cluster.nodes:
            cluster.ask(node, do="prepare", clients=share, appends=each, size=size)
        for node in cluster.nodes:
            node.send(do="append")
        for node in cluster.nodes:
            node.finish()
        answers = [node.answer for node in cluster.nodes]
    began = min(answer["began"] for answer in answers)
    seconds = (max(answer["ended"] for answer in answers) - began) / 1e9
    commits = sum(answer["commits"] for answer in answers)
    return Rate(share * nodes * each * size / seconds, commits / seconds)


async def _copy(connection: Any, groups: list[list[RawRow]]) -> None:
    for rows in groups:
        await connection.copy_records_to_table("raw", records=rows)


async def _count_and_insert(connection: Any, groups: list[list[RawRow]]) -> None:
    insert = await connection.prepare(RAW_INSERT)
    for rows in groups:
        async with connection.transaction():
            await connection.execute(RAW_COUNTER, len(rows))
            await insert.executemany(rows)


async def _raw(url: str, way: str, groups: list[list[RawRow]]) -> float:
    connection = await asyncpg.connect(url)
    await connection.execute(f"{RAW_TABLE}; CREATE TABLE counter (position bigint)")
    await connection.execute("INSERT INTO counter VALUES (0)")
    with untouched_garbage():
        started = time.perf_counter()
        await (_copy if way == COPY else _count_and_insert)(connection, groups)
        seconds = time.perf_counter() - started
    await connection.close()
    return seconds


def raw(servers: Servers, way: str, count: int, size: int) -> Rate:
    """Rows that PostgreSQL makes durable in a table without an index, `size` a commit, over one connection."""
    with fresh_database(servers.postgres, migrated=False) as url:
        seconds = run_async(_raw(url, way, parts(raw_rows(count), size)))
    return Rate(count / seconds, count / size / seconds)


# --- viewers --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Crowd:
    """What so many viewers of one node take.

    Attributes:
        took: p50 and p99; None where some did not get everything.
        cpu: of the node's processor, the share that was used.
        cpu_us: processor time of the node for each message to each viewer.
        kib: memory of the node for each viewer.
        watched: of another processor, the share that the benchmark's own viewers used.
    """

    viewers: int
    took: Percentiles | None
    cpu: float
    cpu_us: float
    kib: float
    watched: float


def crowd(servers: Servers, viewers: int, rate: float, seconds: float) -> Crowd:
    """Events of one node to so many viewers of another."""
    events = max(round(rate * seconds), 10)
    with servers.cluster(2, NATS) as cluster:
        node = cluster.nodes[1]
        before_kb = node.resident_kb()
        watching = cluster.viewers(node, viewers)
        kib = (node.resident_kb() - before_kb) / viewers
        cpu, own, began = node.cpu_s(), time.process_time(), time.perf_counter()
        took = None
        try:
            took = percentiles(milliseconds(*cluster.flow(watching, events, 1 / rate)))
        except NotDelivered as error:
            print(f"{viewers:,} viewers at {rate:g} events/s: {error}")
        lasted = time.perf_counter() - began
        cpu_s, own_s = node.cpu_s() - cpu, time.process_time() - own
        watching.close()
    return Crowd(
        viewers, took, cpu_s / lasted, cpu_s / (viewers * events) * 1e6, kib, own_s / lasted
    )


# --- nodes ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Further:
    """What further nodes cost.

    Attributes:
        idle_tx_per_s: transactions of the database a second for each idle node.
        idle_cpu: share of a processor that each idle node uses.
        in_bytes, out_bytes: of NATS, for each event.
        reads: how often each other node read the database, for each event.
        tx: transactions of the database for each event.
        writer_us: processor time of the writing node for each event.
        other_us: the same of each other node.
    """

    idle_tx_per_s: float
    idle_cpu: float
    in_bytes: float
    out_bytes: float
    reads: float
    tx: float
    writer_us: float
    other_us: float


def further(
    servers: Servers, hints: str, nodes: int, rate: float, seconds: float, idle_s: float
) -> Further:
    """One node writes at a steady rate, the others follow, with nobody watching."""
    events = round(rate * seconds)
    with servers.cluster(nodes, hints) as cluster:
        writer, others = cluster.nodes[0], cluster.nodes[1:]
        time.sleep(STATISTICS_S)
        done, cpu = cluster.transactions(), [node.cpu_s() for node in cluster.nodes]
        time.sleep(idle_s)
        idle_tx = (cluster.transactions() - done) / idle_s / nodes
        idle_cpu = (sum(node.cpu_s() for node in cluster.nodes) - sum(cpu)) / idle_s / nodes
        done, cpu = cluster.transactions(), [node.cpu_s() for node in cluster.nodes]
        bytes_in, bytes_out = servers.nats_bytes()
        cluster.ask(writer, do="publish", events=events, every_s=1 / rate)
        time.sleep(STATISTICS_S)
        used = [node.cpu_s() - before for node, before in zip(cluster.nodes, cpu, strict=True)]
        after_in, after_out = servers.nats_bytes()
        reads = [cluster.ask(node, do="count")["reads"] for node in others]
        tx = cluster.transactions() - done
    share = max(len(others), 1)
    return Further(
        idle_tx,
        idle_cpu,
        (after_in - bytes_in) / events,
        (after_out - bytes_out) / events,
        sum(reads) / share / events,
        tx / events,
        used[0] / events * 1e6,
        sum(used[1:]) / share / events * 1e6,
    )
