"""The JavaScript of docs/clients.md, run in a real browser against the real server."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.server import ROOT, Server

pytestmark = pytest.mark.browser

JS_BLOCK = re.compile(r"^```js\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EVENT_SOURCE, WEB_SOCKET = JS_BLOCK.findall((ROOT / "docs/clients.md").read_text(encoding="utf-8"))


class Tab:
    """A tab of the server's origin, and what is logged in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        page.on("console", lambda one: self.said.append(one.text))

    def run(self, script: str) -> None:
        self.page.evaluate(f"() => {{ {script} }}")

    def hears(self, words: str) -> None:
        """Wait until a line of the log holds these words."""
        while not any(words in line for line in self.said):
            self.page.wait_for_event("console", timeout=30_000)


@pytest.fixture
def tab(browser: Browser, server: Server) -> Iterator[Tab]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.url + "healthz")
    yield Tab(page)
    context.close()


def test_an_event_source_follows_and_resumes_after_the_server_was_killed(
    server: Server, tab: Tab
) -> None:
    server.broadcast("E2E", "BULL")
    tab.run(EVENT_SOURCE)
    tab.hears("live")
    server.broadcast("E2E", "BEAR")
    tab.hears("regime:E2E 2")
    server.kill()
    server.start()
    server.broadcast("E2E", "CRASH")
    tab.hears("regime:E2E 3")
    lines = [line for line in tab.said if "regime:E2E" in line]
    assert [line.split()[2] for line in lines] == ["1", "2", "3"]


def test_a_socket_follows(server: Server, tab: Tab) -> None:
    server.broadcast("E2E", "BULL")
    tab.run(WEB_SOCKET.replace(":8000", f":{server.port}"))
    tab.hears("caught_up")
    server.broadcast("E2E", "BEAR")
    tab.hears("regime:E2E 2")
