"""What a viewer waits for, measured over one log: start, state, past, page, socket, first paint, appends, memory."""

import json
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from websockets.sync.client import connect

from benchmarks.growth_serve import PATIENCE_S, Serve, median_ms, served
from tests.e2e.chromium import chromium

START, STATE, AT, AT_WORST = "cold start", "state", "state at a moment", "the slowest of them"
AT_FIRST = "the first time that it is asked"
PAGE, BARS, SUBSCRIBE = "page of events", "bars of a symbol", "subscribe with last 50"
PAINT, VERDICT = "largest paint", "verdict seen"
APPEND, RATE = "append one price", "prices in bulk"
RSS, PSS, CPU = "RSS", "PSS", "idle CPU"
UNITS: Final = {
    **dict.fromkeys(
        (START, STATE, AT, AT_WORST, AT_FIRST, PAGE, BARS, SUBSCRIBE, PAINT, VERDICT), "ms"
    ),
    APPEND: "ms",
    RATE: "events/s",
    RSS: "MiB",
    PSS: "MiB",
    CPU: "% of a core",
}
REPEATS: Final = 9
MOMENTS: Final = 25
IDLE_S: Final = 4.0
BULK: Final = 1_000
LARGEST_PAINT: Final = """() => new Promise(found => {
    const seen = list => found(list.getEntries().at(-1).startTime);
    new PerformanceObserver(seen).observe({type: 'largest-contentful-paint', buffered: true});
})"""

Figures = dict[str, float]


def measure(database: Path, *, paints: bool, repeats: int = REPEATS) -> Figures:
    """All figures of one log."""
    with served(database) as server:
        server.settle()
    starts = []
    for _ in range(3):
        with served(database) as server:
            starts.append(server.ready_s * 1e3)
    with served(database) as server:
        server.settle()
        found = {START: sorted(starts)[1], RSS: server.memory(), PSS: server.memory("Pss")}
        found[CPU] = server.cpu_share(IDLE_S) * 100
        found |= _asked(server, repeats)
        if paints:
            found[PAINT], found[VERDICT] = first_paint(server)
        found[APPEND], found[RATE] = _appended(server, repeats)
    return found


def _asked(server: Serve, repeats: int) -> Figures:
    rng = random.Random(7)
    head = server.get("/api/events?limit=1")["head"]

    def position() -> int:
        return rng.randrange(head)

    def at() -> str:
        (event,) = server.get(f"/api/events?limit=1&after={position()}")["events"]
        return str(event["occurred_at"])

    symbol = next(iter(server.get("/api/state")["symbols"]))
    asked = [at() for _ in range(MOMENTS)]
    # The first time its pages may come from the disk; a log of 7 GB is not in the memory of every machine.
    first, moments = ([_seconds_of(server, moment) * 1e3 for moment in asked] for _ in range(2))
    return {
        STATE: median_ms(lambda: server.get("/api/state"), repeats),
        AT: sorted(moments)[MOMENTS // 2],
        AT_WORST: max(moments),
        AT_FIRST: sorted(first)[MOMENTS // 2],
        PAGE: median_ms(lambda: server.get(f"/api/events?after={position()}"), repeats),
        BARS: median_ms(lambda: server.get(f"/api/bars?symbol={symbol}"), repeats),
        SUBSCRIBE: median_ms(lambda: subscribe(server), repeats),
    }


def _seconds_of(server: Serve, moment: str) -> float:
    started = time.perf_counter()
    server.get(f"/api/state?at={moment}")
    return time.perf_counter() - started


def subscribe(server: Serve, last: int = 50) -> int:
    """A socket with some history, until it has caught up; how many messages came."""
    payload = {"channels": ["prices", "regime"], "history": {"last": last}}
    message = {"msg_id": "1", "type": "subscribe", "payload": payload, "direction": "c2s"}
    message["timestamp"] = "2026-01-16T12:00:00Z"
    with connect(f"ws://127.0.0.1:{server.port}/ws/synapse", compression=None) as wire:
        wire.send(json.dumps(message))
        count = 1
        while '"caught_up"' not in str(wire.recv(PATIENCE_S)):
            count += 1
    return count


def first_paint(server: Serve) -> tuple[float, float]:
    """Milliseconds until the page's largest paint, and until a symbol's verdict is seen; medians of three."""
    paints, verdicts = [], []
    with chromium() as browser:
        for _ in range(4):
            page = browser.new_page()
            started = time.perf_counter()
            page.goto(f"http://127.0.0.1:{server.port}/")
            status = page.get_by_role("region", name="Market status of").first
            status.wait_for(state="visible", timeout=PATIENCE_S * 1e3)
            verdicts.append((time.perf_counter() - started) * 1e3)
            paints.append(float(page.evaluate(LARGEST_PAINT)))
            page.close()
    return sorted(paints[1:])[1], sorted(verdicts[1:])[1]


def _appended(server: Serve, repeats: int) -> tuple[float, float]:
    symbol = f"G{time.time_ns() // 1_000_000 % 10**9}"
    at = datetime(2001, 1, 1, tzinfo=UTC).timestamp()

    def price() -> dict[str, Any]:
        nonlocal at
        at += 60
        time_of = datetime.fromtimestamp(at, UTC).isoformat()
        return {"symbol": symbol, "price": "100", "timestamp": time_of, "bar_s": 60}

    alone = median_ms(lambda: server.post("/api/prices", {"prices": [price()]}), 3 * repeats)
    bulk_ms = median_ms(
        lambda: server.post("/api/prices", {"prices": [price() for _ in range(BULK)]}), 5
    )
    return alone, BULK / bulk_ms * 1e3
