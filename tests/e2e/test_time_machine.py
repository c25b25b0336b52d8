"""The time machine in a real browser: into the past, through it, and back."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import LIVE, OpenTab
from tests.e2e.market import BARS, SYMBOL, bar, post_past, shifts
from tests.e2e.server import Server

pytestmark = pytest.mark.browser

HOME = f"?symbol={SYMBOL}"
LINES = {
    "BULL": "TO THE MOON! 🚀",
    "BEAR": "Time to be careful 🐻",
    "CRASH": "SELL EVERYTHING! 🔥",
    "SIDEWAYS": "Steady as she goes 😐",
}


def card(page: Page) -> Locator:
    return page.get_by_role("region", name=f"Market status of {SYMBOL}")


def tool(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name="Time machine").get_by_role("button", name=name)


def expect_at(page: Page, position: int) -> None:
    """The page shows this very position, and rests there."""
    expect(page.locator(".dock-place")).to_contain_text(f"{position:,} of")


def place(page: Page) -> int:
    """The position that is shown."""
    found = re.match(r"[\d,]+", page.locator(".dock-place").inner_text())
    assert found is not None
    return int(found[0].replace(",", ""))


def expect_past(page: Page) -> None:
    """It is plain everywhere that this is not now."""
    expect(page.locator("html")).to_have_attribute("data-mode", "replay")
    expect(page.locator(".replay-frame")).to_be_visible()
    expect(page.get_by_text("REPLAY", exact=True).first).to_be_visible()


def expect_live(page: Page) -> None:
    """Nothing of a replay is left."""
    expect(page.locator("html")).not_to_have_attribute("data-mode", "replay")
    expect(page.locator(".replay-frame")).to_have_count(0)
    expect(page.get_by_text("REPLAY", exact=True)).to_have_count(0)
    expect(page.locator(LIVE)).to_be_visible()


def expect_state(page: Page, server: Server, position: int) -> None:
    """The card, the alerts and the hash are those of the state at a position."""
    state: dict[str, Any] = server.get(f"api/state?position={position}")
    known = state["symbols"][SYMBOL]
    expect_at(page, position)
    expect(card(page)).to_contain_text(LINES[known["regime"]])
    expect(card(page).locator(".status-regime")).to_contain_text(known["regime"])
    expect(card(page).locator(".status-price")).to_have_text(f"{float(known['price']):,.2f}")
    expect(page.locator(".dock-hash")).to_have_attribute("title", re.compile(state["state_hash"]))
    alerts = page.get_by_role("list", name="Alerts").get_by_role("listitem")
    expect(alerts).to_have_count(len(state["alerts"]))


def test_the_previous_shift_is_shown_as_it_was_and_the_way_back_leads_to_now(
    past: Server, open_past: OpenTab
) -> None:
    page = open_past(HOME)
    expect(card(page)).to_contain_text(LINES["BEAR"])
    tool(page, "Replay history").click()
    expect_past(page)
    sideways, crash, bear = shifts(past)
    expect_state(page, past, bear["position"])
    tool(page, "Previous shift").click()
    expect_state(page, past, crash["position"])
    tool(page, "Previous shift").click()
    expect_state(page, past, sideways["position"])
    tool(page, "Next shift").click()
    expect_state(page, past, crash["position"])
    tool(page, "Back to live").click()
    expect_live(page)
    expect(card(page)).to_contain_text(LINES["BEAR"])


def test_it_plays_pauses_steps_and_comes_to_an_end(past: Server, open_past: OpenTab) -> None:
    first = shifts(past)[0]["position"]
    page = open_past(f"{HOME}&position={first}&speed=20eps")
    expect_at(page, first)
    tool(page, "Play").click()
    expect(page.locator(".dock-last")).not_to_be_empty()
    tool(page, "Pause").click()
    expect(page.locator(".dock-hash")).to_be_visible()
    rests = place(page)
    assert rests > first
    tool(page, "One event forward").click()
    expect_at(page, rests + 1)
    tool(page, "One event back").click()
    expect_state(page, past, rests)
    page.get_by_label("Speed, in time of the market").select_option("max")
    tool(page, "Play").click()
    expect(page.get_by_text("the end of the log")).to_be_visible()
    expect_state(page, past, past.get("api/state")["position"])
    expect_past(page)


def test_the_past_is_silent_and_what_happens_now_waits(server: Server, open_tab: OpenTab) -> None:
    post_past(server)
    page = open_tab(HOME)
    crash = shifts(server)[1]["position"]
    page.get_by_role("list", name="Shifts").get_by_role("button").nth(1).click()
    expect_state(page, server, crash)
    page.get_by_label("Speed, in time of the market").select_option("max")
    tool(page, "Play").click()
    expect(page.get_by_text("the end of the log")).to_be_visible()
    alerts = page.get_by_role("list", name="Alerts")
    expect(alerts).to_have_attribute("data-ghost", "true")
    expect(alerts.get_by_role("listitem").filter(has_text="critical").first).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    # A fall of a fifth: a critical alert, and it is told when the present is shown again.
    server.post("api/prices", {"prices": [bar(BARS, "400.00")]})
    server.broadcast(SYMBOL, "CRASH")
    expect(page.locator(".dock-now")).to_contain_text("CRASH")
    expect(card(page)).to_contain_text(LINES["BEAR"])
    expect(page.get_by_role("region", name="Just now").get_by_role("article")).to_have_count(0)
    page.keyboard.press("l")
    expect_live(page)
    expect(card(page)).to_contain_text(LINES["CRASH"])
    expect(page.get_by_role("list", name="Alerts")).to_have_attribute("data-ghost", "false")


def test_all_of_it_is_done_by_keys(past: Server, open_past: OpenTab) -> None:
    page = open_past(HOME)
    expect(page.get_by_role("list", name="Shifts").get_by_role("listitem")).to_have_count(3)
    _, crash, bear = shifts(past)
    press = page.keyboard.press
    press("[")
    expect_state(page, past, bear["position"])
    press("[")
    expect_state(page, past, crash["position"])
    press("]")
    expect_at(page, bear["position"])
    press(",")
    expect_at(page, bear["position"] - 1)
    press(".")
    expect_at(page, bear["position"])
    when = page.locator(".dock-when")
    expect(when).to_contain_text("23 Dec 2007")
    press("ArrowLeft")
    expect(when).to_contain_text("22 Dec 2007")
    press("ArrowRight")
    expect(when).to_contain_text("23 Dec 2007")
    speed = page.get_by_label("Speed, in time of the market")
    chosen = speed.input_value()
    press("-")
    expect(speed).not_to_have_value(chosen)
    press("+")
    expect(speed).to_have_value(chosen)
    press("q")
    expect(tool(page, "Skip quiet times")).to_have_attribute("aria-pressed", "true")
    press("Space")
    expect(tool(page, "Pause")).to_be_visible()
    press("Space")
    expect(tool(page, "Play")).to_be_visible()
    press("g")
    page.get_by_role("dialog").get_by_label("Date").fill("2007-11-15")
    press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(when).to_contain_text("15 Nov 2007")
    expect(card(page)).to_contain_text(LINES["CRASH"])
    press("Escape")
    expect_live(page)


def test_the_ribbon_moves_the_moment(past: Server, open_past: OpenTab) -> None:
    page = open_past(HOME)
    ribbon = page.get_by_role("slider", name=f"Moment of {SYMBOL}")
    box = ribbon.bounding_box()
    assert box is not None
    ribbon.click(position={"x": box["width"] * 320 / BARS, "y": box["height"] / 2})
    expect_past(page)
    expect(card(page)).to_contain_text(LINES["CRASH"])
    expect(ribbon).to_have_attribute("aria-valuetext", re.compile("CRASH since 30 Oct 2007"))
    ribbon.press("PageDown")
    expect_state(page, past, shifts(past)[1]["position"])
    ribbon.press("End")
    expect_live(page)
