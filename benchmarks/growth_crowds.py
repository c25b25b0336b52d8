"""What grows with connections, with symbols, with replays."""

import json
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from websockets.sync.client import connect

from benchmarks.growth_paths import Figures, first_paint, subscribe
from benchmarks.growth_serve import median_ms, served
from benchmarks.peers import fresh_folder, run_async
from benchmarks.replay import replay_door, settled, write_log
from benchmarks.stream_contenders import OURS_CONTENDER, Contender, Running, running, script
from benchmarks.wire_clients import Viewers

FAN_OUT, KIB = "one event to all", "KiB a connection"
INGEST, STATE, SUBSCRIBE, PAINT = (
    "prices in bulk",
    "state",
    "subscribe with last 50",
    "largest paint",
)
EACH, TOTAL, LIVE = "each replay", "all replays", "live beside"
EVENTS_SENT: Final = 7
TICKS: Final = 5_000
REPLAYED: Final = 2_000
TOTAL_REPLAYED: Final = 60_000
LIVE_PAUSE_S: Final = 0.02
START: Final = datetime(1990, 1, 1, tzinfo=UTC)


def connections(counts: Sequence[int]) -> list[Figures]:
    """One event to so many, and the memory of each; of one server."""
    found = []
    with running(OURS_CONTENDER) as server:
        clients = Viewers(server.port, OURS_CONTENDER.door)
        empty_kib = server.resident_kb()
        for count in counts:
            clients.connect(count - clients.held)
            taken = []
            for _ in range(EVENTS_SENT):
                started = time.perf_counter()
                server.order(clients.held, 1, 1)
                taken.append((clients.receive(1) - started) * 1e3)
                server.finish()
            kib = (server.resident_kb() - empty_kib) / count
            found.append({FAN_OUT: statistics.median(taken), KIB: kib})
        clients.close()
    return found


def symbols(count: int, *, paints: bool) -> Figures:
    """A fresh log with so many symbols."""
    with fresh_folder() as folder, served(folder / "synapse.db") as server:
        names = [f"S{number}" for number in range(count)]
        bars = -(-TICKS // count) if count > 1 else TICKS
        prices = [
            {
                "symbol": name,
                "price": f"{100 + (bar * 7 + number) % 13}",
                "timestamp": (START + timedelta(days=bar)).isoformat(),
                "bar_s": 86_400,
            }
            for bar in range(bars)
            for number, name in enumerate(names)
        ]
        started = time.perf_counter()
        for at in range(0, len(prices), 1_000):
            server.post("/api/prices", {"prices": prices[at : at + 1_000]})
        found = {INGEST: len(prices) / (time.perf_counter() - started)}
        server.settle()
        found[STATE] = median_ms(lambda: server.get("/api/state"), 5)
        found[SUBSCRIBE] = median_ms(lambda: subscribe(server), 5)
        if paints:
            found[PAINT], _ = first_paint(server)
    return found


def replays(counts: Sequence[int]) -> list[Figures]:
    """So many replays of one log at once, as fast as they go, and a live event beside."""
    found = []
    for count in counts:
        events = max(REPLAYED, TOTAL_REPLAYED // count)
        with fresh_folder() as folder:
            log = folder / "synapse.db"
            run_async(write_log(log, events))
            with running(Contender(script("our_server.py", str(log)), replay_door())) as server:
                settled(server)
                found.append(_replayed(server, count, events))
    return found


def _replayed(server: Running, count: int, events: int) -> Figures:
    clients = Viewers(server.port, replay_door(), breath_s=0)
    ended, taken = threading.Event(), list[float]()
    beside = threading.Thread(target=_live, args=(server.port, ended, taken))
    beside.start()
    started = time.perf_counter()
    clients.connect(count)
    seconds = clients.receive(events, more=False) - started
    ended.set()
    beside.join()
    clients.close()
    total = count * events / seconds
    return {EACH: total / count, TOTAL: total, LIVE: statistics.median(taken)}


def _live(port: int, ended: threading.Event, taken: list[float]) -> None:
    """How long a regime takes from its POST to a viewer, again and again."""
    payload = {"channels": ["regime"], "history": "none"}
    hello = {"msg_id": "1", "type": "subscribe", "payload": payload, "direction": "c2s"}
    hello["timestamp"] = "2026-01-16T12:00:00Z"
    body = json.dumps({"symbol": "LIVE", "regime": "BULL", "confidence": 0.5}).encode()
    headers = {"Authorization": "Bearer benchmark", "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{port}/api/broadcast/regime"
    with connect(f"ws://127.0.0.1:{port}/ws/synapse", compression=None) as wire:
        wire.send(json.dumps(hello))
        while '"caught_up"' not in str(wire.recv(60)):
            pass
        while not taken or not ended.wait(LIVE_PAUSE_S):
            started = time.perf_counter()
            with urllib.request.urlopen(urllib.request.Request(url, body, headers, method="POST")):
                while '"regime_update"' not in str(wire.recv(60)):
                    pass
            taken.append((time.perf_counter() - started) * 1e3)
