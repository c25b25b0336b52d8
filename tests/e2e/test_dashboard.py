"""The dashboard in a real browser, against the real server."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.server import Server

pytestmark = pytest.mark.browser


def choose(page: Page, symbol: str) -> None:
    chips = page.get_by_role("navigation", name="Symbols")
    chips.get_by_role("button", name=symbol).click()


def test_a_crash_that_is_posted_is_seen_in_two_tabs(server: Server, open_tab: OpenTab) -> None:
    tabs = [open_tab(""), open_tab("")]
    server.broadcast("E2E", "CRASH", 0.9)
    for tab in tabs:
        choose(tab, "E2E")
        status = tab.get_by_role("region", name="Market status of E2E")
        expect(status.get_by_text("SELL EVERYTHING! 🔥")).to_be_visible()
        expect(status).to_contain_text("90 % confident")
        expect(status).to_contain_text("manual test broadcast")
        expect(status).to_contain_text("Not investment advice")


def test_a_shift_is_shown_and_announced(server: Server, open_tab: OpenTab) -> None:
    server.broadcast("E2E", "BULL")
    page = open_tab("?symbol=E2E")
    expect(page.get_by_text("TO THE MOON! 🚀")).to_be_visible()
    server.broadcast("E2E", "SIDEWAYS")
    expect(page.get_by_text("Steady as she goes 😐")).to_be_visible()
    expect(page.locator("[aria-live=polite]")).to_have_text(
        "E2E has shifted from BULL to SIDEWAYS."
    )


def test_after_the_server_was_killed_the_tab_resumes_and_missed_nothing(
    server: Server, open_tab: OpenTab
) -> None:
    server.broadcast("E2E", "BULL")
    page = open_tab("?symbol=E2E")
    expect(page.get_by_text("TO THE MOON! 🚀")).to_be_visible()
    server.kill()
    expect(page.locator(".connection-pill")).to_contain_text("Reconnecting")
    expect(page.get_by_text("last known")).to_be_visible()
    server.start()
    server.broadcast("E2E", "BEAR")
    expect(page.get_by_text("Time to be careful 🐻")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("0 missed of 2, resumed once")).to_be_visible()


def test_prices_are_drawn_and_new_ones_move_the_chart(server: Server, open_tab: OpenTab) -> None:
    def post(day: int, price: str) -> None:
        timestamp = f"2026-01-{day:02d}T21:00:00Z"
        server.post(
            "api/prices",
            {"prices": [{"symbol": "E2E", "price": price, "timestamp": timestamp}]},
        )

    for day in range(1, 11):
        post(day, f"{100 + day}.50")
    page = open_tab("?symbol=E2E")
    chart = page.get_by_role("region", name="Price of E2E")
    expect(chart.locator("canvas").first).to_be_visible()
    expect(chart.get_by_text("110.50")).to_be_visible()
    post(11, "125.25")
    expect(chart.get_by_text("125.25")).to_be_visible()


def test_the_page_lives_under_a_strict_policy_and_asks_nobody_else(
    server: Server, browser: Browser
) -> None:
    server.broadcast("E2E", "CRASH")
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(server.url + "?symbol=E2E")
    expect(page.get_by_text("SELL EVERYTHING! 🔥")).to_be_visible()
    expect(page.locator("canvas").first).to_be_attached()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert said == []
    assert [url for url in asked if not url.startswith(server.url)] == []
    context.close()


@pytest.mark.parametrize(("motion", "animation"), [("no-preference", "panic"), ("reduce", "none")])
def test_panic_pulses_only_for_those_who_bear_it(
    server: Server, browser: Browser, motion: str, animation: str
) -> None:
    server.broadcast("E2E", "CRASH")
    context = browser.new_context(
        reduced_motion="reduce" if motion == "reduce" else "no-preference"
    )
    page = context.new_page()
    page.goto(server.url + "?symbol=E2E")
    page.get_by_text("Live", exact=True).wait_for()
    status = page.get_by_role("region", name="Market status of E2E")
    expect(status).to_have_css("animation-name", animation)
    context.close()


def test_on_a_phone_the_status_comes_first_and_nothing_is_cut_off(
    server: Server, browser: Browser
) -> None:
    server.broadcast("E2E", "CRASH")
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(server.url + "?symbol=E2E")
    page.get_by_text("SELL EVERYTHING! 🔥").wait_for()
    tops = page.evaluate(
        "['.status', '.chart-panel', '.alerts'].map("
        "(one) => document.querySelector(one).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
