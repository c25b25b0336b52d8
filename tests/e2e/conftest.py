"""A browser for each module; servers and fresh tabs for the tests."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.built import cannot, require_build
from tests.e2e.chromium import NoBrowser, chromium
from tests.e2e.market import post_past
from tests.e2e.server import Server

OpenTab = Callable[..., Page]
_numbers = count(1)
PATIENCE_MS = 15_000
LIVE = ".connection-pill[data-state=live], .connection-pill[data-state=still]"


def settings_kept(server: Server, **settings: Any) -> dict[str, Any]:
    """The option of a window in which the reader has chosen these settings before."""
    kept = {"name": "synapse.settings", "value": json.dumps(settings)}
    origin = {"origin": server.url.rstrip("/"), "localStorage": [kept]}
    return {"storage_state": {"cookies": [], "origins": [origin]}}


class Tabs:
    """Opens tabs; every one of them must live without an error."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.errors: list[str] = []

    def window(self, **options: Any) -> BrowserContext:
        """A window of its own, with the options of a Playwright context."""
        usual = {
            "viewport": {"width": 1440, "height": 900},
            "locale": "en-GB",
            "color_scheme": "dark",
        }
        context = self._browser.new_context(**usual | options)
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        context.on("weberror", lambda one: self.errors.append(str(one.error)))
        return context

    def open(self, url: str, window: BrowserContext | None = None, **options: Any) -> Page:
        """A tab that shows the dashboard and is live, in a window of its own unless one is given."""
        page = (window or self.window(**options)).new_page()
        page.goto(url)
        page.locator(LIVE).wait_for()
        return page

    def close(self) -> None:
        """Close all windows."""
        for context in self._contexts:
            context.close()


# Not for the session: while Playwright runs, its event loop is in the way of every asynchronous test.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require_build()
    try:
        with chromium() as running:
            yield running
    except NoBrowser as missing:
        cannot(str(missing))


@contextmanager
def running(folder: Path, **env: str) -> Iterator[Server]:
    """A server while the block runs; `env` are settings of it."""
    one = Server(folder, env=env)
    one.start()
    try:
        yield one
    finally:
        one.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """An empty recorder."""
    with running(tmp_path) as one:
        yield one


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A recorder with a past (`tests.e2e.market`), for tests that only look at it."""
    with running(tmp_path_factory.mktemp("past")) as one:
        post_past(one)
        yield one


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A recorder for those tests of a module that keep to a `symbol` of their own: a start costs a second."""
    with running(tmp_path_factory.mktemp("shared")) as one:
        yield one


@pytest.fixture
def symbol() -> str:
    """A symbol that no other test uses."""
    return f"T{next(_numbers)}"


@pytest.fixture
def tabs(browser: Browser) -> Iterator[Tabs]:
    """Opens windows of the browser; they are closed after the test."""
    opened = Tabs(browser)
    yield opened
    opened.close()
    assert opened.errors == []


@pytest.fixture
def open_tab(tabs: Tabs, server: Server) -> OpenTab:
    """Opens the dashboard of the empty recorder in one more tab of one window."""
    window = tabs.window()
    return lambda query="": tabs.open(server.url + query, window)


@pytest.fixture
def open_shared(tabs: Tabs, shared: Server, symbol: str) -> OpenTab:
    """Opens the dashboard of the shared recorder at the test's own symbol, in one more tab of one window."""
    window = tabs.window()
    return lambda: tabs.open(f"{shared.url}?symbol={symbol}", window)


@pytest.fixture
def open_past(tabs: Tabs, past: Server) -> OpenTab:
    """Opens the dashboard of the recorder with a past in a window of its own."""
    return lambda query="", **options: tabs.open(past.url + query, **options)
