"""What happens now: receipts of trades, critical alerts, and who may acknowledge them."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenTab, Tabs
from tests.e2e.market import SYMBOL, bar
from tests.e2e.server import Server

pytestmark = pytest.mark.browser

ALERT = {"symbol": SYMBOL, "kind": "drawdown", "severity": "critical", "price": "80"}
TRADE = {
    "trade_id": "fill-1",
    "portfolio_id": "mine",
    "symbol": SYMBOL,
    "side": "buy",
    "quantity": "3.125",
    "price": "120.50",
    "fees": "1.25",
    "timestamp": "2025-09-01T12:00:00Z",
}


def raise_alert(server: Server, message: str) -> None:
    server.post("api/broadcast/price-alert", {**ALERT, "message": message})


def acknowledge(page: Page) -> None:
    page.get_by_role("list", name="Alerts").get_by_role("button", name="Acknowledge").click()


def test_who_opens_the_launch_link_acknowledges_and_everybody_sees_it(
    server: Server, tabs: Tabs
) -> None:
    server.broadcast(SYMBOL, "CRASH")
    raise_alert(server, "It fell by a fifth.")
    page = tabs.open(server.launch_link())
    assert "launch" not in page.url
    reader = tabs.open(server.url)
    acknowledge(page)
    for one in (page, reader):
        alert = one.get_by_role("list", name="Alerts").get_by_role("listitem").first
        expect(alert).to_contain_text("acknowledged")
    (alert,) = server.get("api/state")["alerts"]
    assert alert["acknowledged"] is True
    page.reload()
    raise_alert(server, "It fell by a third.")
    acknowledge(page)
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_who_only_reads_cannot_acknowledge_and_is_told_how_to(
    server: Server, open_tab: OpenTab
) -> None:
    server.broadcast(SYMBOL, "CRASH")
    raise_alert(server, "It fell by a fifth.")
    page = open_tab(f"?symbol={SYMBOL}")
    alerts = page.get_by_role("region", name="Alerts")
    expect(alerts.get_by_role("listitem")).to_contain_text("It fell by a fifth.")
    expect(alerts.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(alerts).to_contain_text("This page only reads.")


def test_a_session_that_ended_elsewhere_is_refused_in_words(server: Server, tabs: Tabs) -> None:
    server.broadcast(SYMBOL, "CRASH")
    raise_alert(server, "It fell by a fifth.")
    window = tabs.window()
    page = tabs.open(server.launch_link(), window)
    expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()
    window.clear_cookies()
    acknowledge(page)
    expect(page.locator(".alerts").get_by_role("status")).not_to_be_empty()
    (alert,) = server.get("api/state")["alerts"]
    assert alert["acknowledged"] is False


def test_a_used_launch_link_opens_the_page_for_reading(server: Server, tabs: Tabs) -> None:
    link = server.launch_link()
    tabs.open(link)
    page = tabs.open(link)
    assert "launch" not in page.url


def test_trades_and_critical_alerts_are_told_as_they_happen(
    server: Server, open_tab: OpenTab
) -> None:
    server.post("api/prices", {"prices": [bar(0, "120")]})
    page = open_tab(f"?symbol={SYMBOL}")
    toasts = page.get_by_role("region", name="Just now")
    expect(toasts).to_be_attached()
    server.post("api/trades", {"trades": [TRADE]})
    receipt = toasts.get_by_role("article", name=f"Buy {SYMBOL}")
    expect(receipt).to_contain_text(f"3.125 {SYMBOL} at 120.50")
    expect(receipt).to_contain_text("Own trades")
    raise_alert(server, "It fell by a fifth.")
    alert = toasts.get_by_role("article", name=f"Alert {SYMBOL}")
    expect(alert).to_contain_text("It fell by a fifth.")
    alert.get_by_role("button", name="Close").click()
    expect(alert).to_have_count(0)
    expect(receipt).to_be_visible()
    for number in range(2, 7):
        trade = {**TRADE, "trade_id": f"fill-{number}"}
        server.post("api/trades", {"trades": [trade]})
    expect(toasts).to_contain_text("and 3 more")
    expect(toasts.get_by_role("article")).to_have_count(3)
    page.reload()
    expect(page.get_by_role("list", name="Trades").get_by_role("listitem")).to_have_count(6)
    expect(toasts.get_by_role("article")).to_have_count(0)
