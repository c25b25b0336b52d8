"""How many frames a second the chart draws while prices come in: ours, beside the bare library.

    python benchmarks/frames.py [--seconds 10] [--rounds 3] [--bars 5000] [--bands 60] [--updates 60]
        [--slowdown 1]

A real Chromium shows one chart over a window of 1440 x 900: ours with its regime bands, drawn by the very
class that the dashboard uses, and the peer, lightweight-charts as its first example has it, a line with
nothing behind it. Each has all bars in view (ours merges those that share a pixel, and draws them four times
a second) or the newest 500 (each update is drawn). They take turns. Counted are the times between animation
frames; of each round's ratios the median is what travels. The page is built from web/bench.

This browser has no GPU: every pixel is drawn by the processor, which a desktop's browser does not do.
A frame cannot be shorter than the screen's 1/60 s, so 60 a second is the most that can be seen here.
"""

import argparse
import functools
import http.server
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Browser, ViewportSize

from benchmarks.peers import print_machine
from benchmarks.record import Recorder, Series, record_argument
from tests.e2e.chromium import WEB, chromium, node

GOAL_FPS = 55.0
SCREEN: ViewportSize = {"width": 1440, "height": 900}
NEAR_BARS = 500
WARM_UP_S = 1.0
ROOM_S = 30.0


class Contender(NamedTuple):
    """One chart, with or without updates, with all bars in view or the newest few."""

    name: str
    chart: str
    updates: bool = True
    near: bool = False


OURS = Contender("ours, all bars", "ours")
OURS_STILL = Contender("ours, all bars, no updates", "ours", updates=False)
PLAIN = Contender("bare library, all bars", "plain")
OURS_NEAR = Contender("ours, the newest", "ours", near=True)
PLAIN_NEAR = Contender("bare library, the newest", "plain", near=True)
CONTENDERS = (OURS, PLAIN, OURS_STILL, OURS_NEAR, PLAIN_NEAR)
RATIOS = ((OURS, OURS_STILL), (OURS, PLAIN), (OURS_NEAR, PLAIN_NEAR))


class Frames(NamedTuple):
    """What one run has shown."""

    fps: float
    p95_ms: float
    mean_fps: float
    updates_per_s: float


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder's files."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def build(folder: Path) -> None:
    """Build the page, as the product is built, into a folder of its own."""
    vite = str(WEB / "node_modules" / "vite" / "bin" / "vite.js")
    command = [node(), vite, "build", "bench", "--outDir", str(folder), "--emptyOutDir"]
    command += ["--config", "vite.config.ts", "--logLevel", "warn"]
    subprocess.run(command, cwd=WEB, check=True)


def measure(browser: Browser, address: str, one: Contender, options: argparse.Namespace) -> Frames:
    """One run of one contender, in a page of its own."""
    updates = options.updates if one.updates else 0
    view = NEAR_BARS if one.near else options.bars
    wanted = f"view={view}&bars={options.bars}&bands={options.bands}&seconds={options.seconds}"
    # Without a locale the bare library cannot write its times on a machine that has none.
    page = browser.new_page(viewport=SCREEN, locale="en-US", bypass_csp=True)
    page.on("pageerror", lambda error: sys.exit(f"{one.name}: {error}"))
    if options.slowdown > 1:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": options.slowdown})
    try:
        page.goto(f"{address}?chart={one.chart}&updates={updates}&{wanted}")
        patience_ms = (options.seconds + WARM_UP_S + ROOM_S) * 1000
        page.wait_for_function("window.measured !== undefined", timeout=patience_ms)
        found: dict[str, Any] = page.evaluate("window.measured")
    finally:
        page.close()
    intervals = found["intervals"]
    spent_s = sum(intervals) / 1000
    return Frames(
        fps=1000 / statistics.median(intervals),
        p95_ms=statistics.quantiles(intervals, n=20)[-1],
        mean_fps=len(intervals) / spent_s,
        updates_per_s=found["updates"] / spent_s,
    )


def report(rounds: list[dict[str, Frames]]) -> None:
    """Print the medians of the rounds, and the ratios taken within each."""
    sys.stdout.write(f"{'':28}{'fps median':>12}{'fps mean':>10}{'p95 ms':>8}{'updates/s':>11}\n")
    for one in CONTENDERS:
        runs = [found[one.name] for found in rounds]
        fps, p95, mean, updates = (statistics.median(column) for column in zip(*runs, strict=True))
        sys.stdout.write(f"{one.name:28}{fps:12.1f}{mean:10.1f}{p95:8.1f}{updates:11.1f}\n")
    for over, under in RATIOS:
        ratio = statistics.median(
            found[over.name].mean_fps / found[under.name].mean_fps for found in rounds
        )
        sys.stdout.write(f"{over.name} / {under.name}: {ratio:.3f} of the frames\n")
    ours = statistics.median(found[OURS.name].mean_fps for found in rounds)
    verdict = "met" if ours > GOAL_FPS else "missed"
    sys.stdout.write(
        f"goal: more than {GOAL_FPS:.0f} frames a second on the mean: {verdict} ({ours:.1f})\n"
    )


def record(recorder: Recorder, rounds: list[dict[str, Frames]]) -> None:
    """Frames a second on the mean, and ours over the peers."""
    series = [
        Series(
            one.name,
            "frames/s",
            tuple(found[one.name].mean_fps for found in rounds),
            ours=one.chart == "ours",
            limit=not one.updates,
        )
        for one in CONTENDERS
    ]
    recorder.table(
        "frames",
        "Frames of the chart while prices come in",
        better="higher",
        series=series,
        says="Headless Chromium without a GPU; the screen allows 60.",
    )
    for over, under in RATIOS:
        ratios = [found[over.name].mean_fps / found[under.name].mean_fps for found in rounds]
        recorder.ratio("frames", over.name, under.name, ratios)


def main() -> None:
    """Build, measure in interleaved rounds, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bars", type=int, default=5_000)
    parser.add_argument("--bands", type=int, default=60)
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--slowdown", type=float, default=1.0, help="as slow as a weaker processor")
    record_argument(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        print_machine(Path(folder))
        build(Path(folder))
        sys.stdout.write(f"Chromium {browser.version}, headless, no GPU\n")
        with served(Path(folder)) as address:
            rounds = [
                {one.name: measure(browser, address, one, options) for one in CONTENDERS}
                for _ in range(options.rounds)
            ]
    report(rounds)
    record(Recorder.of(options), rounds)


if __name__ == "__main__":
    main()
