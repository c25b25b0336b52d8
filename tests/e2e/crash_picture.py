"""Takes the moving picture of the README: `python -m tests.e2e.crash_picture`. Needs the built dashboard.

A real server records the S&P 500 up to August 2008 and then gets the closes of September and October one at a time,
as they would come live; the real page is photographed after each. About half a minute.
"""

import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, Page

from app.feeds.samples import SAMPLES
from tests.e2e.chromium import chromium
from tests.e2e.conftest import LIVE
from tests.e2e.emoji import add_emoji
from tests.e2e.server import ROOT, Server

FILE: Final = ROOT / "docs" / "images" / "crash.webp"
SYMBOL: Final = "SPX"
LIVE_FROM, LIVE_UNTIL = date(2008, 9, 8), date(2008, 10, 10)
AT_ONCE: Final = 1000
"""Prices in one request of the past."""

PAGE: Final = {"width": 1280, "height": 830}
PICTURE: Final = (960, 622)
SETTLE_MS: Final = 700
FRAME_MS, SHIFT_MS, LAST_MS = 230, 1100, 2600
"""How long a day is shown, the day of a shift, and the last one."""

QUALITY: Final = 72

Json = dict[str, Any]


def bars() -> Iterator[tuple[date, Json]]:
    """The sample's closes up to the last one shown, as they are posted."""
    for tick in SAMPLES[SYMBOL].bars():
        day = tick.timestamp.date()
        if day <= LIVE_UNTIL:
            at = tick.timestamp.isoformat()
            yield (
                day,
                {"symbol": SYMBOL, "price": str(tick.price), "timestamp": at, "bar_s": 86_400},
            )


def regime(server: Server) -> str:
    """What the recorder says now."""
    found: str = server.get("api/state")["symbols"][SYMBOL]["regime"]
    return found


def opened(browser: Browser, server: Server) -> Page:
    """The page, live, with three months on its chart."""
    context = browser.new_context(
        viewport={"width": PAGE["width"], "height": PAGE["height"]},
        locale="en-GB",
        color_scheme="dark",
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(f"{server.url}?symbol={SYMBOL}")
    page.locator(LIVE).wait_for()
    add_emoji(page)
    page.get_by_role("button", name="3M").click()
    page.wait_for_timeout(SETTLE_MS * 3)
    return page


def photographed(page: Page) -> Image.Image:
    """What the page shows, in the picture's size."""
    page.wait_for_timeout(SETTLE_MS)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return taken.resize(PICTURE, Image.Resampling.LANCZOS)


def take(browser: Browser, server: Server) -> tuple[list[Image.Image], list[int]]:
    """A frame a day, and for how long each is shown, in milliseconds."""
    days = list(bars())
    past = [bar for day, bar in days if day < LIVE_FROM]
    for at in range(0, len(past), AT_ONCE):
        server.post("api/prices", {"prices": past[at : at + AT_ONCE]})
    page = opened(browser, server)
    frames, shown_ms, was = [photographed(page)], [SHIFT_MS], regime(server)
    for day, bar in days:
        if day < LIVE_FROM:
            continue
        server.post("api/prices", {"prices": [bar]})
        frames.append(photographed(page))
        now = regime(server)
        shown_ms.append(FRAME_MS if now == was else SHIFT_MS)
        was = now
    shown_ms[-1] = LAST_MS
    page.context.close()
    return frames, shown_ms


def save(frames: Sequence[Image.Image], shown_ms: Sequence[int], file: Path) -> None:
    """Write the frames as one picture that starts again for ever."""
    frames[0].save(
        file,
        save_all=True,
        append_images=frames[1:],
        duration=list(shown_ms),
        loop=0,
        quality=QUALITY,
        method=6,
        minimize_size=True,
    )


def main() -> None:
    """Take the picture; with a folder as the argument, its frames too."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        server = Server(Path(folder))
        server.start()
        try:
            frames, shown_ms = take(browser, server)
        finally:
            server.stop()
    save(frames, shown_ms, FILE)
    for folder_of_frames in sys.argv[1:]:
        for number, frame in enumerate(frames):
            frame.save(Path(folder_of_frames) / f"crash-{number:02}.png")
    seconds, size = sum(shown_ms) / 1000, FILE.stat().st_size / 1e6
    sys.stdout.write(
        f"took {FILE.relative_to(ROOT)}: {len(frames)} frames, {seconds:.1f} s, {size:.2f} MB\n"
    )


if __name__ == "__main__":
    main()
