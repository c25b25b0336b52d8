"""The chart in a real browser: it goes where time goes, and keeps what it shows."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.market import SYMBOL

pytestmark = pytest.mark.browser

HOME = f"?symbol={SYMBOL}"
WHOLE = re.compile("1 Jan 2007 to 24 Feb 2008")

# By then the chart has its new width, and has told the ribbon what it shows.
FOUR_FRAMES = """async () => {
  for (let at = 0; at < 4; at += 1) await new Promise(requestAnimationFrame);
}"""


def chart(page: Page) -> Locator:
    return page.locator(".chart-canvas")


def expect_from_to(page: Page, begin: str, end: str) -> None:
    """The chart rests, and these are the first and the last day that it shows."""
    expect(chart(page)).to_have_attribute("aria-label", re.compile(f"{begin} to {end}:"))


def choose(page: Page, name: str) -> None:
    """Choose a range."""
    page.get_by_role("group", name="Range").get_by_role("button", name=name).click()


def go_to(page: Page, day: str) -> None:
    page.keyboard.press("g")
    page.get_by_role("dialog").get_by_label("Date").fill(day)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_chosen_range_goes_where_time_goes(open_past: OpenTab) -> None:
    page = open_past(HOME)
    choose(page, "3M")
    expect_from_to(page, "24 Nov 2007", "24 Feb 2008")
    go_to(page, "2007-06-15")
    expect_from_to(page, "15 Mar 2007", "15 Jun 2007")
    go_to(page, "2007-11-15")
    expect_from_to(page, "15 Aug 2007", "15 Nov 2007")
    page.keyboard.press("ArrowRight")
    expect_from_to(page, "16 Aug 2007", "16 Nov 2007")
    page.keyboard.press("l")
    expect_from_to(page, "24 Nov 2007", "24 Feb 2008")


def test_what_is_moved_by_hand_stays_until_a_jump_leaves_it(open_past: OpenTab) -> None:
    page = open_past(HOME)
    choose(page, "3M")
    expect_from_to(page, "24 Nov 2007", "24 Feb 2008")
    box = chart(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 100, steps=8)
    page.mouse.up()
    expect_from_to(page, "Oct 2007", r"\d+ Jan 2008")
    go_to(page, "2007-12-01")
    expect_from_to(page, "Oct 2007", "1 Dec 2007")
    go_to(page, "2007-06-15")
    expect_from_to(page, "Mar 2007", "15 Jun 2007")


def test_a_window_of_another_size_shows_the_same_stretch(open_past: OpenTab) -> None:
    page = open_past(HOME)
    expect(chart(page)).to_have_attribute("aria-label", WHOLE)
    begin = page.locator(".ribbon-handle[data-grip=from]")
    shown = begin.get_attribute("aria-valuetext")
    assert shown is not None
    for width in (1000, 390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(FOUR_FRAMES)
        # The frame of the ribbon is what the chart shows.
        expect(begin).to_have_attribute("aria-valuetext", shown)
        expect(chart(page)).to_have_attribute("aria-label", WHOLE)
