"""How fast one event reaches many viewers: ours beside FastAPI, `websockets`, picows, node, NATS and C.

    python benchmarks/fan_out.py [--viewers 1000] [--events 400] [--rounds 3] [--only NAME ...]
    python benchmarks/fan_out.py --hold 10000

Every contender is a process of its own, started anew each round, and every viewer a WebSocket of one other
process, which is the same for all (wire_clients.py). A publisher makes events, each a text of some 440 bytes:

- "one event a commit": one at a time, the next when that one is handed over (ours: is on disk);
- "16 at once": 16 are ready together (ours: one append).

The figure is deliveries (events times viewers) a second, from the order to publish until the last viewer has
the last event, and the same for each second of processor time of the server's process. Ours commits to disk
with `synchronous=FULL`; JetStream writes to a file and syncs it every two minutes; nobody else stores.

`--hold`: the memory of a connection that is held, and whether each then gets every event, without a gap.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peers import fresh_folder, print_machine, ratios_of
from benchmarks.stream_contenders import (
    C_WRITER,
    FASTAPI,
    FASTAPI_PLAIN,
    JETSTREAM,
    NATS,
    OURS,
    OURS_CONTENDER,
    Contender,
    Running,
    contenders,
    running,
)
from benchmarks.wire_clients import Viewers

BURST = 16
WARM_UP_EVENTS = 32
HELD_EVENTS = 20
HELD_KB_MAX = 40
ONE, MANY = "one event a commit", f"{BURST} at once"
CASES: Mapping[str, int] = {ONE: 1, MANY: BURST}
MANY_SHARE = 4
"""Events of "16 at once" for each one of "one event a commit": they take about as long."""

GOALS: Sequence[tuple[str, str, float]] = (
    (ONE, FASTAPI_PLAIN, 2),
    (ONE, FASTAPI, 6),
    (ONE, C_WRITER, 0.75),
    (MANY, NATS, 1.5),
    (MANY, JETSTREAM, 2.5),
    (MANY, FASTAPI, 50),
    (MANY, C_WRITER, 0.9),
)
"""How many times as fast ours is meant to be; the last is a stretch."""

CPU_GOAL = 5


@dataclass(slots=True)
class Figures:
    """Deliveries a second of one case, and a second of processor time; a list of rounds for each contender."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    per_cpu_s: dict[str, list[float]] = field(default_factory=dict)


def print_ratio(
    rates: Mapping[str, list[float]],
    other: str,
    goal: float | None,
    what: str = "",
    one: str = OURS,
) -> None:
    """The median over the rounds of one rate divided by another, and what it is meant to be."""
    if one not in rates or other not in rates:
        return
    ratios = ratios_of(rates[one], rates[other])
    median = statistics.median(ratios)
    verdict = ""
    if goal is not None:
        verdict = f", goal {goal}: {'reached' if median >= goal else 'MISSED'}"
    print(
        f"  {one} / {other}{what}: {median:.2f} ({min(ratios):.2f} to {max(ratios):.2f}){verdict}"
    )


def deliver(server: Running, clients: Viewers, events: int, burst: int) -> tuple[float, float]:
    """Publish, and wait for the last delivery; seconds of the clock and of the server's processor."""
    cpu, started = server.cpu_s(), time.perf_counter()
    server.order(clients.held, events, burst)
    seconds = clients.receive(events) - started
    server.finish()
    return seconds, max(server.cpu_s() - cpu, 0.01)


def measure(
    name: str, contender: Contender, viewers: int, events: int, found: dict[str, Figures]
) -> None:
    """One round of one contender."""
    with running(contender) as server:
        clients = Viewers(server.port, contender.door)
        clients.connect(viewers)
        deliver(server, clients, WARM_UP_EVENTS, BURST)
        for case, burst in CASES.items():
            share = contender.share * (MANY_SHARE if burst > 1 else 1)
            count = max(1, round(events * share / burst)) * burst
            seconds, cpu_s = deliver(server, clients, count, burst)
            found[case].rates.setdefault(name, []).append(count * viewers / seconds)
            found[case].per_cpu_s.setdefault(name, []).append(count * viewers / cpu_s)
        clients.close()


def compare(chosen: Mapping[str, Contender], viewers: int, events: int, rounds: int) -> None:
    """Interleaved rounds of all, then medians and ratios."""
    found = {case: Figures() for case in CASES}
    names = list(chosen)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            measure(name, chosen[name], viewers, events, found)
    for case, figures in found.items():
        print(f"\n{viewers:,} viewers, {case}: deliveries/s; for each CPU second of the server")
        for name, rates in figures.rates.items():
            per_cpu = statistics.median(figures.per_cpu_s[name])
            print(f"  {name:30} {statistics.median(rates):12,.0f} {per_cpu:14,.0f}")
    print()
    for case, other, goal in GOALS:
        print_ratio(found[case].rates, other, goal, f", {case}")
        # That of NATS is meant for 5,000 viewers.
        of_cpu = CPU_GOAL if (case, other) == (MANY, NATS) else None
        print_ratio(found[case].per_cpu_s, other, of_cpu, f", {case}, per CPU second")


# --- holding ------------------------------------------------------------------------------------


def gaps(kept: Iterable[bytearray], each: int) -> int:
    """Viewers whose events are not `each` in number, one position after the other."""
    wrong = 0
    for messages in kept:
        positions = [json.loads(text)["position"] for text in messages.splitlines()]
        first = positions[0] if positions else 0
        wrong += positions != list(range(first, first + each))
    return wrong


def hold(contender: Contender, viewers: int) -> None:
    """Hold so many connections; their memory, and whether each gets everything."""
    with running(contender) as server:
        clients = Viewers(server.port, contender.door)
        before = server.resident_kb()
        started = time.perf_counter()
        clients.connect(viewers)
        connected_s = time.perf_counter() - started
        held_kb = (server.resident_kb() - before) / viewers
        clients.keep()
        deliver(server, clients, HELD_EVENTS, 1)
        kept = clients.kept or {}
        wrong = gaps(kept.values(), HELD_EVENTS)
        after_kb = (server.resident_kb() - before) / viewers
        cpu = server.cpu_s()
        clients.idle(5.0)
        idle = (server.cpu_s() - cpu) / 5.0
        clients.close()
    print(f"{viewers:,} connections, all subscribed, in {connected_s:.1f} s; idle: {idle:.1%} CPU")
    verdict = "reached" if max(held_kb, after_kb) <= HELD_KB_MAX else "MISSED"
    print(
        f"  each: {held_kb:.1f} KiB held, {after_kb:.1f} KiB after {HELD_EVENTS} events,"
        f" goal {HELD_KB_MAX}: {verdict}"
    )
    print(f"  viewers with a gap: {wrong}, goal 0: {'reached' if not wrong else 'MISSED'}")


def main() -> None:
    """Run the rounds, print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=400, help="of the fastest contenders")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], help="contenders whose names begin so")
    parser.add_argument("--hold", type=int, default=0, help="connections to hold, and nothing else")
    arguments = parser.parse_args()
    with fresh_folder() as folder:
        print_machine(folder)
    if arguments.hold:
        hold(OURS_CONTENDER, arguments.hold)
        return
    wanted = tuple(arguments.only) or ("",)
    chosen = {name: one for name, one in contenders().items() if name.startswith(wanted)}
    compare(chosen, arguments.viewers, arguments.events, arguments.rounds)


if __name__ == "__main__":
    main()
