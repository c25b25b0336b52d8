"""Takes the pictures for the docs: `python -m tests.e2e.screenshots`. Needs the built dashboard.

It starts the real demo, plays 2018 fast up to its bear market, and then slowly to its crash: about two minutes.
"""

import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import orjson
from playwright.sync_api import Browser

from tests.e2e.chromium import chromium
from tests.e2e.emoji import add_emoji
from tests.e2e.server import ROOT, Server

IMAGES = ROOT / "docs" / "images"
CRASH_S_MAX = 300.0
SETTLE_MS = 2500
FAST = ("--speed", "4")
SLOW = ("--speed", "0.05")


def take(browser: Browser, url: str, name: str, scheme: str, wide: bool) -> None:
    """Take one picture of the page as it is now."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 1030} if wide else {"width": 390, "height": 844},
        device_scale_factor=1 if wide else 2,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(url)
    page.get_by_text("Live", exact=True).wait_for()
    add_emoji(page)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=IMAGES / f"dashboard-{name}.png")
    context.close()
    sys.stdout.write(f"took docs/images/dashboard-{name}.png\n")


def wait_for(server: Server, regime: str) -> None:
    """Wait until the S&P 500 is in a regime: of December 2018, BEAR and then CRASH.

    Raises:
        TimeoutError: it did not come to that.
    """
    deadline = time.monotonic() + CRASH_S_MAX
    while time.monotonic() < deadline:
        with urllib.request.urlopen(server.url + "api/state", timeout=10) as answer:
            symbols = orjson.loads(answer.read())["symbols"]
        if symbols["SPX"]["regime"] == regime:
            return
        time.sleep(0.1)
    raise TimeoutError(f"the played year did not come to {regime}")


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        server = Server(Path(folder), command="demo", options=FAST)
        server.start()
        try:
            wait_for(server, "BEAR")
            server.stop()
            server.options = SLOW
            server.start()
            wait_for(server, "CRASH")
            # The played year ends soon after its crash: what shows it comes first.
            take(browser, server.url + "?symbol=SPX", "dark", "dark", wide=True)
            take(browser, server.url + "?symbol=SPX", "phone", "dark", wide=False)
            take(browser, server.url + "?symbol=SIM", "light", "light", wide=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
