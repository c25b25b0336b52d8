"""The dashboard in a real browser, against the real server."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenTab, Tabs
from tests.e2e.server import Server

pytestmark = pytest.mark.browser

VIBES = [
    ("BULL", "bull", "TO THE MOON! 🚀"),
    ("BEAR", "bear", "Time to be careful 🐻"),
    ("CRASH", "panic", "SELL EVERYTHING! 🔥"),
    ("SIDEWAYS", "neutral", "Steady as she goes 😐"),
]


def choose(page: Page, symbol: str) -> None:
    chips = page.get_by_role("navigation", name="Symbols")
    chips.get_by_role("button", name=symbol).click()


def test_every_vibe_that_is_posted_is_seen_in_two_tabs(
    shared: Server, symbol: str, open_shared: OpenTab
) -> None:
    tabs = [open_shared(), open_shared()]
    shared.broadcast("OTHER", "BULL")
    for tab in tabs:
        choose(tab, "OTHER")
    for number, (regime, vibe, message) in enumerate(VIBES):
        shared.broadcast(symbol, regime, 0.9 - number / 10)
        for tab in tabs:
            if not number:
                choose(tab, symbol)
            status = tab.get_by_role("region", name=f"Market status of {symbol}")
            expect(status).to_have_attribute("data-vibe", vibe)
            expect(status.get_by_text(message, exact=True)).to_be_visible()
            expect(status.locator(".status-regime")).to_contain_text(regime)
            expect(status).to_contain_text(f"{90 - 10 * number}% confident")
            expect(status).to_contain_text("manual test broadcast")
            expect(status).to_contain_text("Not investment advice")


def test_a_shift_is_shown_and_announced(shared: Server, symbol: str, open_shared: OpenTab) -> None:
    shared.broadcast(symbol, "BULL")
    page = open_shared()
    expect(page.get_by_text("TO THE MOON! 🚀")).to_be_visible()
    shared.broadcast(symbol, "SIDEWAYS")
    expect(page.get_by_text("Steady as she goes 😐")).to_be_visible()
    told = page.locator("[aria-live=polite]", has_text="has shifted")
    expect(told).to_have_text(f"{symbol} has shifted from BULL to SIDEWAYS.")
    expect(page).to_have_title(f"{symbol} SIDEWAYS · Synapse")


def test_prices_are_drawn_and_new_ones_move_the_chart(
    shared: Server, symbol: str, open_shared: OpenTab
) -> None:
    def post(day: int, price: str) -> None:
        timestamp = f"2026-01-{day:02d}T21:00:00Z"
        shared.post(
            "api/prices",
            {"prices": [{"symbol": symbol, "price": price, "timestamp": timestamp}]},
        )

    for day in range(1, 11):
        post(day, f"{100 + day}.50")
    page = open_shared()
    chart = page.get_by_role("region", name=f"Price of {symbol}")
    expect(chart.locator("canvas").first).to_be_visible()
    expect(chart.get_by_text("110.50")).to_be_visible()
    post(11, "125.25")
    expect(chart.get_by_text("125.25")).to_be_visible()


def test_the_page_lives_under_a_strict_policy_and_asks_nobody_else(
    shared: Server, symbol: str, tabs: Tabs
) -> None:
    shared.broadcast(symbol, "CRASH")
    page = tabs.window().new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{shared.url}?symbol={symbol}")
    expect(page.get_by_text("SELL EVERYTHING! 🔥")).to_be_visible()
    expect(page.locator("canvas").first).to_be_attached()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert said == []
    assert [url for url in asked if not url.startswith(shared.url)] == []


@pytest.mark.parametrize(("motion", "animation"), [("no-preference", "panic"), ("reduce", "none")])
def test_panic_pulses_only_for_those_who_bear_it(
    shared: Server, symbol: str, tabs: Tabs, motion: str, animation: str
) -> None:
    shared.broadcast(symbol, "CRASH")
    page = tabs.open(f"{shared.url}?symbol={symbol}", reduced_motion=motion)
    status = page.get_by_role("region", name=f"Market status of {symbol}")
    expect(status).to_have_css("animation-name", animation)


def test_on_a_phone_the_status_comes_first_and_nothing_is_cut_off(
    shared: Server, symbol: str, tabs: Tabs
) -> None:
    shared.broadcast(symbol, "CRASH")
    page = tabs.open(f"{shared.url}?symbol={symbol}", viewport={"width": 390, "height": 844})
    page.get_by_text("SELL EVERYTHING! 🔥").wait_for()
    tops = page.evaluate(
        "['.status', '.chart-panel', '.alerts'].map("
        "(one) => document.querySelector(one).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
