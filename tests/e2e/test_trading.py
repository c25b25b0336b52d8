"""Trades, alerts and corrections in a real browser: whose they are, and what became of them."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.server import Server

pytestmark = pytest.mark.browser

WARM_BARS = 260
BEGIN = datetime(2025, 1, 1, 21, tzinfo=UTC)


def bar(number: int, price: str) -> dict[str, object]:
    at = BEGIN + timedelta(days=number)
    return {"symbol": "E2E", "price": price, "timestamp": at.isoformat(), "bar_s": 86_400}


def post_bars(server: Server) -> None:
    """A year that rises step by step, and on: long enough for the paper trader to buy."""
    prices = [f"{100 + number / 10 + number % 2:.2f}" for number in range(WARM_BARS)]
    server.post("api/prices", {"prices": [bar(number, one) for number, one in enumerate(prices)]})


def post_trade(server: Server) -> None:
    trade = {
        "trade_id": "fill-1",
        "portfolio_id": "mine",
        "symbol": "E2E",
        "side": "buy",
        "quantity": "3.125",
        "price": "120.50",
        "fees": "1.25",
        "timestamp": "2025-09-01T12:00:00Z",
    }
    server.post("api/trades", {"trades": [trade]})


def expect_labels(page: Page) -> None:
    trades = page.get_by_role("list", name="Trades")
    outside = trades.get_by_role("listitem").filter(has_text="3.125 E2E at 120.50")
    expect(outside).to_contain_text("Own trades")
    expect(outside).to_contain_text("fees 1.25")
    expect(outside).not_to_contain_text("Paper trading")
    paper = trades.get_by_role("listitem").filter(has_text="Paper trading").first
    expect(paper).to_contain_text("BULL")
    expect(paper).to_contain_text("rule paper:follow_regime")
    expect(page.get_by_role("region", name="Trades")).to_contain_text("Not investment advice")
    main = page.get_by_role("region", name="Portfolio main")
    expect(main).to_contain_text("Paper trading")
    expect(main).to_contain_text("Buy and hold")
    mine = page.get_by_role("region", name="Portfolio mine")
    expect(mine).to_contain_text("Own trades")
    expect(mine.get_by_role("list", name="Positions of mine")).to_contain_text("3.125")


def test_paper_and_outside_trades_are_told_apart_live_and_after_a_reload(
    server: Server, open_tab: OpenTab
) -> None:
    page = open_tab("?symbol=E2E")
    post_bars(server)
    post_trade(server)
    expect_labels(page)
    page.reload()
    expect_labels(page)


def test_an_alert_that_is_acknowledged_is_shown_so_live_and_after_a_reload(
    server: Server, open_tab: OpenTab
) -> None:
    rule = {"rule_id": "e2e-high", "kind": "price_above", "symbol": "E2E", "threshold": "150"}
    server.post("api/alert-rules", rule)
    server.post("api/prices", {"prices": [bar(0, "151")]})
    page = open_tab("?symbol=E2E")
    alert = page.get_by_role("list", name="Alerts").get_by_role("listitem").first
    expect(alert).to_contain_text("at 151.00")
    expect(alert).not_to_contain_text("acknowledged")
    (raised,) = server.get("api/state")["alerts"]
    server.post(f"api/alerts/{raised['alert_id']}/acknowledge", {"by": "ann"})
    expect(alert).to_contain_text("acknowledged")
    page.reload()
    expect(alert).to_contain_text("acknowledged")


def test_late_and_corrected_prices_are_told_and_change_no_present(
    server: Server, open_tab: OpenTab
) -> None:
    page = open_tab("?symbol=E2E")
    server.post("api/prices", {"prices": [bar(0, "100"), bar(2, "102")]})
    status = page.get_by_role("region", name="Market status of E2E")
    expect(status).to_contain_text("102.00")
    notices = page.get_by_role("region", name="Notices")
    expect(notices).to_have_count(0)
    server.post("api/prices", {"prices": [bar(0, "99.50")]})
    expect(notices).to_contain_text("Price corrected")
    expect(notices).to_contain_text("E2E of 1 Jan 2025: 99.50, was 100.00")
    server.post("api/prices", {"prices": [bar(1, "101.25")]})
    expect(notices).to_contain_text("Late price")
    expect(notices).to_contain_text("E2E of 2 Jan 2025: 101.25")
    expect(status).to_contain_text("102.00")
    page.get_by_role("list", name="Notices").focus()
    expect(page.get_by_role("list", name="Notices")).to_be_focused()
