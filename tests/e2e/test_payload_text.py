"""What comes from outside is text: markup in it is shown as it is, and nothing of it runs."""

from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Tabs
from tests.e2e.looks import PHONE
from tests.e2e.market import bar
from tests.e2e.server import Server
from tests.e2e.watching import Watch

pytestmark = pytest.mark.browser

RUN: Final = "window.ran=1"
PLANTED: Final = (
    f"<img src=x onerror={RUN}>",
    f"</script><script>{RUN}</script>",
    f"<svg onload={RUN}>",
    '"><iframe srcdoc="<script>parent.ran=1</script>">',
    f"javascript:{RUN}",
    f"{{{{constructor.constructor('{RUN}')()}}}} ${{{RUN}}}",
    "&lt;b&gt; &amp;#60; <!-- <b>bold</b>",
)
OVERRIDE: Final = "\u202e<b>txet desrever</b>\u202c after"
LONG: Final = "W" * 500
SYMBOL: Final = "javascript:alert"
"""Symbols and labels take neither brackets nor angles; this is the worst that they can be."""

UNTRUE: Final = (
    "() => document.querySelectorAll('img, iframe, object, embed, script:not([src])').length"
)


def alert(server: Server, message: str) -> None:
    body = {"symbol": SYMBOL, "price": "1", "message": message, "severity": "critical"}
    server.post("api/broadcast/price-alert", {**body, "rule_id": "javascript:alert"})


def expect_nothing_ran(page: Page, watch: Watch, server: Server) -> None:
    assert page.evaluate("() => 'ran' in window") is False
    assert page.evaluate(UNTRUE) == 0
    watch.expect_clean(server.url)


def test_markup_in_every_text_is_shown_as_text_and_nothing_runs(server: Server, tabs: Tabs) -> None:
    window = tabs.window()
    watch = Watch().of(window)
    server.post("api/prices", {"prices": [bar(0, "1", SYMBOL)]})
    server.broadcast(SYMBOL, "CRASH")
    page = tabs.open(f"{server.url}?symbol={SYMBOL}", window)
    toasts = page.get_by_role("region", name="Just now")
    alerts = page.get_by_role("list", name="Alerts")
    for text in (*PLANTED, OVERRIDE, LONG):
        alert(server, text)
        expect(toasts).to_contain_text(text)
        expect(alerts.get_by_role("listitem").first).to_contain_text(text)
    known: list[Any] = server.get("api/state")["alerts"]
    newest = next(one for one in known if one["message"] == LONG)
    note = {"by": "javascript:alert", "note": PLANTED[0]}
    server.post(f"api/alerts/{newest['alert_id']}/acknowledge", note)
    expect(alerts.get_by_role("listitem").first).to_contain_text("acknowledged")
    trade = {"trade_id": "javascript:t", "portfolio_id": "javascript:p", "symbol": SYMBOL}
    trade |= {"side": "buy", "quantity": "1", "price": "1", "timestamp": "2025-09-01T12:00:00Z"}
    server.post("api/trades", {"trades": [trade]})
    expect(page.get_by_role("region", name="Portfolio javascript:p")).to_be_visible()
    features = {"symbol": SYMBOL, "regime": "BEAR", "features": {"javascript:f": 0.5}}
    server.post("api/broadcast/regime", features)
    page.reload()
    expect(alerts.get_by_role("listitem").filter(has_text=PLANTED[0]).first).to_be_visible()
    expect_nothing_ran(page, watch, server)
    assert page.locator("a[href^='javascript' i]").count() == 0


@pytest.mark.parametrize(
    "name", ["symbol", "position", "compare", "lane", "speed", "state", "zoom"]
)
def test_markup_in_an_address_is_text_too(past: Server, tabs: Tabs, name: str) -> None:
    window = tabs.window()
    watch = Watch().of(window)
    page = window.new_page()
    page.goto(f"{past.url}?{name}={PLANTED[0]}#launch={PLANTED[2]}")
    expect(page.locator(".connection-pill")).to_be_visible()
    expect(page.locator("#root")).not_to_be_empty()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("() => 'ran' in window") is False
    assert page.evaluate(UNTRUE) == 0
    assert watch.violations == []
    assert watch.elsewhere(past.url) == []


def test_the_longest_text_makes_no_phone_scroll_sideways(server: Server, tabs: Tabs) -> None:
    server.broadcast(SYMBOL, "BULL")
    page = tabs.open(f"{server.url}?symbol={SYMBOL}", viewport=PHONE)
    alert(server, LONG)
    expect(page.get_by_role("list", name="Alerts")).to_contain_text(LONG)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
