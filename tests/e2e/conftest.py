"""A browser for each module; a server and fresh tabs for each test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.chromium import NoBrowser, chromium
from tests.e2e.server import ROOT, Server

OpenTab = Callable[[str], Page]


def cannot(reason: str) -> None:
    """Skip at a desk, fail where the browser was promised."""
    if os.environ.get("CI") or os.environ.get("SYNAPSE_TEST_NODE"):
        pytest.fail(reason)
    pytest.skip(reason)


# Not for the session: while Playwright runs, its event loop is in the way of every asynchronous test.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not (ROOT / "app" / "static" / "index.html").is_file():
        cannot("the dashboard is not built: npm run build in web")
    try:
        with chromium() as running:
            yield running
    except NoBrowser as missing:
        cannot(str(missing))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def open_tab(browser: Browser, server: Server) -> Iterator[OpenTab]:
    """Opens the dashboard in a new tab of one window; every tab must live without an error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    errors: list[str] = []

    def open_one(query: str = "") -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(server.url + query)
        page.get_by_text("Live", exact=True).wait_for()
        return page

    yield open_one
    context.close()
    assert errors == []
