"""How fast one event reaches many viewers: ours beside FastAPI, `websockets`, picows, node, NATS, Nchan and C.

    python benchmarks/fan_out.py [--viewers 1000 ...] [--events 400] [--rounds 3] [--only NAME ...]
    python benchmarks/fan_out.py --hold 10000 [--only NAME ...]

Every contender is a process of its own, started anew each round, and every viewer a WebSocket of one other
process, which is the same for all (wire_clients.py) and has a core of its own (placing.py). A publisher makes
events, each a text of some 440 bytes:

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

from benchmarks import placing
from benchmarks.peers import fresh_folder, print_machine, ratios_of
from benchmarks.record import Recorder, Series, record_argument
from benchmarks.stream_contenders import (
    C_WRITER,
    FASTAPI,
    FASTAPI_PLAIN,
    JETSTREAM,
    LIMITS,
    NATS,
    OURS,
    Contender,
    Running,
    contenders,
    named,
    running,
)
from benchmarks.wire_clients import NotDelivered, Viewers

BURST = 16
WARM_UP_EVENTS = 32
HELD_EVENTS = 20
HELD_KB_MAX = 40
HELD_IDLE_S = 3.0
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
GOALS_FROM_VIEWERS = 1_000
"""With fewer, one event a commit is the disk's time, and no goal is set."""

VIEWERS_USUAL = 1_000
EVENTS_LEAST, EVENTS_MOST = 0.1, 2.0
"""Of the events that are asked for: fewer of them to more viewers, and more to fewer, within these bounds."""

KEYS: Mapping[str, str] = {ONE: "one", MANY: "burst"}
Found = Mapping[str, "Figures"]


@dataclass(slots=True)
class Figures:
    """Deliveries a second of one case, and a second of processor time; a list of rounds for each contender."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    per_cpu_s: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Who did not deliver everything to everybody, and what was missing."""


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


def attempt(
    name: str, contender: Contender, viewers: int, events: int, found: dict[str, Figures]
) -> None:
    """The same, where one that does not deliver everything has no figures any more."""
    try:
        measure(name, contender, viewers, events, found)
    except NotDelivered as error:
        print(f"{name}, {viewers:,} viewers: {error}; its figures are left out")
        for figures in found.values():
            figures.rates.pop(name, None)
            figures.per_cpu_s.pop(name, None)
            figures.failed[name] = str(error)


def compare(chosen: Mapping[str, Contender], viewers: int, events: int, rounds: int) -> Found:
    """Interleaved rounds of all, then medians and ratios."""
    found = {case: Figures() for case in CASES}
    names = list(chosen)
    share = min(EVENTS_MOST, max(EVENTS_LEAST, VIEWERS_USUAL / viewers))
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            if name not in found[ONE].failed:
                attempt(name, chosen[name], viewers, round(events * share), found)
    for case, figures in found.items():
        print(f"\n{viewers:,} viewers, {case}: deliveries/s; for each CPU second of the server")
        for name, rates in figures.rates.items():
            per_cpu = statistics.median(figures.per_cpu_s[name])
            print(f"  {name:30} {statistics.median(rates):12,.0f} {per_cpu:14,.0f}")
    print()
    for case, other, goal in GOALS:
        meant = goal if viewers >= GOALS_FROM_VIEWERS else None
        print_ratio(found[case].rates, other, meant, f", {case}")
        # That of NATS is meant for 5,000 viewers.
        of_cpu = CPU_GOAL if meant and (case, other) == (MANY, NATS) else None
        print_ratio(found[case].per_cpu_s, other, of_cpu, f", {case}, per CPU second")
    return found


# --- recording ----------------------------------------------------------------------------------


def series_of(
    chosen: Mapping[str, Contender],
    values: Mapping[str, Sequence[float]],
    unit: str,
    failed: Mapping[str, str],
) -> list[Series]:
    """One contender a row, with its versions; without a figure where it failed."""
    return [
        Series(
            named(name, one),
            unit,
            tuple(values.get(name, ())),
            name == OURS,
            name in LIMITS,
            failed.get(name, ""),
        )
        for name, one in chosen.items()
    ]


def record(recorder: Recorder, chosen: Mapping[str, Contender], viewers: int, found: Found) -> None:
    """The tables of one number of viewers, and the ratios with a goal."""
    for case, figures in found.items():
        key = f"fan_out.{KEYS[case]}.{viewers}"
        recorder.table(
            key,
            f"{case.capitalize()}, to {viewers:,} viewers",
            better="higher",
            series=series_of(chosen, figures.rates, "deliveries/s", figures.failed),
            says="Events times viewers a second, until the last viewer has the last event. Ours is on disk"
            f" before it is sent; of the others only JetStream stores. {placing.said().capitalize()}.",
        )
        recorder.table(
            f"{key}.cpu",
            f"{case.capitalize()}, to {viewers:,} viewers: for each processor second of the server",
            better="higher",
            series=series_of(chosen, figures.per_cpu_s, "deliveries/CPU s", figures.failed),
        )
        for one, other, goal in GOALS:
            if one == case and {OURS, other} <= set(figures.rates):
                ratios = ratios_of(figures.rates[OURS], figures.rates[other])
                meant = goal if viewers >= GOALS_FROM_VIEWERS else None
                recorder.ratio(key, OURS, named(other, chosen[other]), ratios, meant)


def record_growth(
    recorder: Recorder, chosen: Mapping[str, Contender], found: Mapping[int, Found]
) -> None:
    """Deliveries against viewers, of all."""
    for case, key in KEYS.items():
        lines = {
            named(name, one): [
                statistics.median(rates) if (rates := figures[case].rates.get(name)) else None
                for figures in found.values()
            ]
            for name, one in chosen.items()
        }
        title = f"{case.capitalize()}: deliveries a second by viewers"
        xs = list(found)
        recorder.growth(
            f"fan_out.{key}", title, x="viewers", unit="deliveries/s", xs=xs, lines=lines
        )


# --- holding ------------------------------------------------------------------------------------


def gaps(kept: Iterable[bytearray], each: int) -> int:
    """Viewers whose events are not `each` in number, one position after the other."""
    wrong = 0
    for messages in kept:
        positions = [json.loads(text)["position"] for text in messages.splitlines()]
        first = positions[0] if positions else 0
        wrong += positions != list(range(first, first + each))
    return wrong


@dataclass(frozen=True, slots=True)
class Held:
    """What so many connections of one server took."""

    connected_s: float
    held_kib: float
    after_kib: float
    idle_cpu: float
    gaps: int | None
    """None where the events have no positions, and only their number is known to be right."""


def hold(contender: Contender, viewers: int, *, positions: bool) -> Held:
    """Hold so many connections; their memory, and whether each gets everything."""
    with running(contender) as server:
        clients = Viewers(server.port, contender.door)
        before = server.resident_kb()
        started = time.perf_counter()
        clients.connect(viewers)
        connected_s = time.perf_counter() - started
        held_kib = (server.resident_kb() - before) / viewers
        if positions:
            clients.keep()
        deliver(server, clients, HELD_EVENTS, 1)
        wrong = gaps(clients.kept.values(), HELD_EVENTS) if clients.kept else None
        after_kib = (server.resident_kb() - before) / viewers
        cpu = server.cpu_s()
        clients.idle(HELD_IDLE_S)
        idle = (server.cpu_s() - cpu) / HELD_IDLE_S
        clients.close()
    return Held(connected_s, held_kib, after_kib, idle, wrong)


def hold_all(chosen: Mapping[str, Contender], viewers: int, recorder: Recorder) -> None:
    """Hold the connections of each contender in turn, and print what they take."""
    found, failed = dict[str, tuple[float, ...]](), dict[str, str]()
    print(f"\n{viewers:,} connections, each then sent {HELD_EVENTS} events")
    for name, contender in chosen.items():
        try:
            held = hold(contender, viewers, positions=name == OURS)
        except NotDelivered as error:
            print(f"  {name:30} {error}; its figures are left out")
            failed[name] = str(error)
            continue
        found[name] = (max(held.held_kib, held.after_kib),)
        print(
            f"  {name:30} in {held.connected_s:5.1f} s; each {held.held_kib:6.1f} KiB held,"
            f" {held.after_kib:6.1f} KiB after the events; idle: {held.idle_cpu:.1%} CPU"
        )
        if name == OURS:
            _judge(held, viewers, recorder)
    says = "The more of the two: held after the handshake, or after 20 events to each."
    recorder.table(
        f"fan_out.hold.{viewers}",
        f"Memory of the server for each of {viewers:,} connections",
        better="lower",
        series=series_of(chosen, found, "KiB", failed),
        says=says,
    )


def _judge(held: Held, viewers: int, recorder: Recorder) -> None:
    verdict = "reached" if max(held.held_kib, held.after_kib) <= HELD_KB_MAX else "MISSED"
    print(f"    goal {HELD_KB_MAX} KiB: {verdict}")
    print(f"    viewers with a gap: {held.gaps}, goal 0: {'MISSED' if held.gaps else 'reached'}")
    key = f"fan_out.hold.{viewers}"
    recorder.fact(f"{key}.gaps", f"Of {viewers:,} viewers, with a gap", float(held.gaps or 0))
    recorder.fact(f"{key}.idle", f"{viewers:,} idle viewers", held.idle_cpu * 100, "% of a core")


def main() -> None:
    """Run the rounds, print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, nargs="+", help="1,000 unless only --hold is asked")
    parser.add_argument("--events", type=int, default=400, help="of the fastest, to 1,000 viewers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], help="contenders whose names begin so")
    parser.add_argument("--hold", type=int, default=0, help="connections to hold")
    record_argument(parser)
    arguments = parser.parse_args()
    recorder = Recorder.of(arguments)
    with fresh_folder() as folder:
        print_machine(folder)
    print(placing.said())
    wanted = tuple(arguments.only) or ("",)
    chosen = {name: one for name, one in contenders().items() if name.startswith(wanted)}
    found: dict[int, Found] = {}
    for viewers in arguments.viewers or ([] if arguments.hold else [VIEWERS_USUAL]):
        found[viewers] = compare(chosen, viewers, arguments.events, arguments.rounds)
        record(recorder, chosen, viewers, found[viewers])
    if len(found) > 1:
        record_growth(recorder, chosen, found)
    if arguments.hold:
        hold_all(chosen, arguments.hold, recorder)


if __name__ == "__main__":
    main()
