"""A second lane in a real browser: another log's regimes of the same prices, under the recorded ones."""

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Tabs, running
from tests.e2e.looks import LOOKS, axe_violations
from tests.e2e.market import SYMBOL, post_past
from tests.e2e.server import Server

pytestmark = pytest.mark.browser

HOME = f"?symbol={SYMBOL}"


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A recorder with a past, and beside it a log of the same prices by another detector."""
    other = tmp_path_factory.mktemp("lane")
    with running(other, SYNAPSE_DETECTOR="sma200") as one:
        post_past(one)
    lanes = f"slow={other / 'synapse.db'}"
    with running(tmp_path_factory.mktemp("beside"), SYNAPSE_LANES=lanes) as one:
        post_past(one)
        yield one


def picker(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Second lane")


def readout(page: Page) -> Locator:
    return page.locator(".lane-readout")


def differences(server: Server) -> list[str]:
    """What is said at each moment from which on the two lanes differ, oldest first."""
    cuts = [
        (one["start"], which, one["regime"])
        for which, path in enumerate(("api/episodes", "api/lanes/slow/episodes"))
        for one in server.get(f"{path}?symbol={SYMBOL}")["episodes"]
    ]
    regimes, said = ["", ""], [""]
    for _, cuts_of_moment in groupby(sorted(cuts), key=lambda cut: cut[0]):
        for _, which, regime in cuts_of_moment:
            regimes[which] = regime
        differ = f"recorded: {regimes[0]}; slow: {regimes[1]}"
        said.append("" if regimes[0] == regimes[1] else differ)
    return [now for before, now in pairwise(said) if now and not before]


def expect_lane(page: Page) -> None:
    """Both bands are there, and it is said what the second one is."""
    expect(page.locator(".ribbon-scrub path[data-regime=CRASH]")).to_have_attribute(
        "d", re.compile("M")
    )
    expect(page.locator(".lane-band path[data-regime=BEAR]")).to_have_attribute(
        "d", re.compile("M")
    )
    expect(page.locator(".lane-differs")).to_have_attribute("d", re.compile("M"))
    expect(page.get_by_text("What-if by detector sma200 v1, never recorded")).to_be_visible()


def test_a_lane_is_chosen_shown_beside_what_was_recorded_and_kept(
    beside: Server, tabs: Tabs
) -> None:
    window = tabs.window()
    page = tabs.open(beside.url + HOME, window)
    picker(page).select_option("slow")
    expect_lane(page)
    expect(readout(page)).to_contain_text(re.compile(r"recorded: \w+; slow: \w+ since .*200[78]"))
    expect(page.locator(".lane-agreement")).to_contain_text(
        re.compile(r"\d{4} to \d{4}: agree \d+%, differ \d+ times?")
    )
    expect(page).to_have_url(re.compile(r"[?&]lane=slow"))
    page.reload()
    expect_lane(page)
    # Kept in this browser, and in the link for every other one.
    expect_lane(tabs.open(beside.url + HOME, window))
    expect_lane(tabs.open(page.url))
    picker(page).select_option("none")
    expect(page.locator(".lane")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("lane="))


def test_keys_lead_to_where_the_lanes_differ(beside: Server, tabs: Tabs) -> None:
    page = tabs.open(f"{beside.url}{HOME}&lane=slow")
    expect_lane(page)
    first, when = differences(beside)[0], page.locator(".dock-when")
    page.keyboard.press("d")
    expect(page.locator("html")).to_have_attribute("data-mode", "replay")
    expect(readout(page)).to_contain_text(first)
    moment = when.inner_text()
    page.keyboard.press("ArrowRight")
    expect(when).not_to_have_text(moment)
    page.keyboard.press("D")
    expect(when).to_have_text(moment)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next moment where the lanes differ")


def test_the_pointer_is_told_what_both_say(beside: Server, tabs: Tabs) -> None:
    page = tabs.open(f"{beside.url}{HOME}&lane=slow")
    expect_lane(page)
    page.get_by_role("slider", name=f"Moment of {SYMBOL}").hover()
    expect(page.locator(".ribbon-tip")).to_have_text(
        re.compile(r"recorded: \w+ since .*slow: \w+ since")
    )


def test_a_recorder_without_lanes_shows_nothing_of_them(past: Server, tabs: Tabs) -> None:
    page = tabs.open(f"{past.url}{HOME}&lane=slow")
    expect(page.get_by_text("This recorder has no lane slow")).to_be_visible()
    expect(page.locator(".lane-bar")).to_have_count(0)


CUT = """() => [...document.querySelectorAll(".lane-bar, .lane-bar *")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflow !== "visible")
  .map((one) => one.className)"""
CLEAR_OF_DOCK = """(one) => one.getBoundingClientRect().bottom
  <= document.querySelector(".dock").getBoundingClientRect().top"""
DOCK_SHARE_MAX = 0.225
"""Of a phone's height, while the past is shown beside a lane."""
SCREENS: Final[dict[str, dict[str, Any]]] = {
    "low": {"viewport": {"width": 1280, "height": 800}},
    "wide": {"viewport": {"width": 1600, "height": 1000}},
    "phone": LOOKS["phone"],
}


@pytest.mark.parametrize("screen", list(SCREENS))
def test_nothing_of_a_lane_is_cut_and_it_covers_nothing(
    beside: Server, tabs: Tabs, screen: str
) -> None:
    page = tabs.open(f"{beside.url}{HOME}&lane=slow", **SCREENS[screen])
    expect_lane(page)
    expect(page.locator(".lane-advice")).to_have_text("Not investment advice.")
    assert page.evaluate(CUT) == []
    expect(page.locator(".ribbon-name")).to_have_text(["recorded", "slow"])
    assert page.locator(".lane-band").evaluate("(one) => one.clientHeight") >= 14
    if screen != "phone":
        # The chart's tools stand above the dock as the page opens.
        assert page.locator(".chart-tools").evaluate(CLEAR_OF_DOCK)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.locator(".foot").evaluate(CLEAR_OF_DOCK)
    page.keyboard.press("d")
    expect(readout(page)).to_contain_text(differences(beside)[0])
    assert page.evaluate(CUT) == []
    if screen == "phone":
        share = "(one) => one.offsetHeight / innerHeight"
        assert page.locator(".dock").evaluate(share) <= DOCK_SHARE_MAX


def test_the_bands_are_zoomed_to_the_charts_range(beside: Server, tabs: Tabs) -> None:
    page = tabs.open(f"{beside.url}{HOME}&lane=slow")
    expect_lane(page)
    whole = page.locator(".ribbon-tick").all_inner_texts()
    page.get_by_role("button", name="3M").click()
    chart = page.get_by_role("button", name="Chart’s range")
    chart.click()
    expect(chart).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".ribbon-tick").first).not_to_have_text(whole[0])
    width = "(one) => one.offsetWidth / one.parentElement.offsetWidth"
    assert page.locator(".ribbon-frame").evaluate(width) > 0.7
    # A click in the bands goes to a moment of that range, and they follow it.
    page.get_by_role("slider", name=f"Moment of {SYMBOL}").click()
    expect(page.locator("html")).to_have_attribute("data-mode", "replay")
    page.keyboard.press("z")
    expect(page.locator(".ribbon-tick").first).to_have_text(whole[0])


@pytest.mark.parametrize("look", ["dark", "light phone", "forced colours"])
def test_axe_finds_nothing_with_a_lane(beside: Server, tabs: Tabs, look: str) -> None:
    page = tabs.open(f"{beside.url}{HOME}&lane=slow", **LOOKS[look])
    expect_lane(page)
    expect(page.locator(".chart-panel canvas").first).to_be_visible()
    assert axe_violations(page) == []
