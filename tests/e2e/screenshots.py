"""Takes the pictures for the docs: `python -m tests.e2e.screenshots`. Needs the built dashboard.

It starts the real demo, shows 10 October 2008 and what had changed in a year, plays 2018 fast up to its bear
market, and then slowly to its crash: about two minutes.
"""

import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import orjson
from playwright.sync_api import Browser

from tests.e2e.chromium import chromium
from tests.e2e.conftest import LIVE
from tests.e2e.emoji import add_emoji
from tests.e2e.server import ROOT, Server

IMAGES = ROOT / "docs" / "images"
CRASH_S_MAX = 300.0
SETTLE_MS = 2500
FAST = ("--speed", "4")
SLOW = ("--speed", "0.05")
PANIC_DAY = "2008-10-10T21:00:00Z"
YEAR_BEFORE = "2007-10-10T21:00:00Z"


def take(
    browser: Browser,
    url: str,
    name: str,
    scheme: str,
    *,
    wide: bool,
    region: str | None = None,
    zoomed: bool = False,
) -> None:
    """Take one picture of the page as it is now.

    Scrolled down to a region of it if one is named; `zoomed`: the chart and the ribbon on one year.
    """
    context = browser.new_context(
        viewport={"width": 1440, "height": 1030} if wide else {"width": 390, "height": 844},
        device_scale_factor=1 if wide else 2,
        locale="en-GB",
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(url)
    page.locator(LIVE).wait_for()
    add_emoji(page)
    page.wait_for_timeout(SETTLE_MS)
    if zoomed:
        page.get_by_role("button", name="1Y").click()
        page.keyboard.press("z")
        page.wait_for_timeout(SETTLE_MS)
    if region:
        page.get_by_role("region", name=region).evaluate("(one) => one.scrollIntoView()")
    page.screenshot(path=IMAGES / f"dashboard-{name}.png")
    context.close()
    sys.stdout.write(f"took docs/images/dashboard-{name}.png\n")


def position_at(server: Server, time_: str) -> int:
    """The position of the last event of the S&P 500 up to a market time."""
    query = f"symbols=SPX&channels=prices&channels=regime&until={time_}&order=desc&limit=1"
    found: int = server.get(f"api/events?{query}")["events"][0]["position"]
    return found


def take_past(browser: Browser, server: Server) -> None:
    """Take the pictures of the past: a replay, and two moments side by side."""
    then, before = position_at(server, PANIC_DAY), position_at(server, YEAR_BEFORE)
    url = f"{server.url}?symbol=SPX&position={then}"
    take(browser, url, "replay", "dark", wide=True)
    take(browser, f"{url}&compare={before}", "compare", "dark", wide=True, region="Compare SPX")


def make_lane(server: Server) -> Path:
    """Save what the 200-day average would have said, beside the stopped server's log."""
    log, lane = server.folder / "synapse.db", server.folder / "sma200.db"
    command = ("whatif", "--detector", "sma200", "--db", str(log), "--save", str(lane))
    subprocess.run([sys.executable, "-m", "app.cli", *command], check=True, cwd=ROOT)
    return lane


def take_lane(browser: Browser, server: Server) -> None:
    """Take the picture of a second lane, in the autumn of 2008."""
    url = f"{server.url}?symbol=SPX&position={position_at(server, PANIC_DAY)}&lane=sma200"
    take(browser, url, "lane", "dark", wide=True, zoomed=True)


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
            take_past(browser, server)
            wait_for(server, "BEAR")
            server.stop()
            server.options = (*SLOW, "--lane", f"sma200={make_lane(server)}")
            server.start()
            take_lane(browser, server)
            wait_for(server, "CRASH")
            # The played year ends soon after its crash: what shows it comes first.
            take(browser, server.url + "?symbol=SPX", "dark", "dark", wide=True)
            take(browser, server.url + "?symbol=SPX", "phone", "dark", wide=False)
            take(browser, server.url + "?symbol=SIM", "light", "light", wide=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
