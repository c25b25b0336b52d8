"""Links to a moment: whoever opens one sees the very same, and is told so; and two moments compared."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenTab, Tabs
from tests.e2e.market import SYMBOL, shifts
from tests.e2e.server import Server

pytestmark = pytest.mark.browser

CLIPBOARD = ["clipboard-read", "clipboard-write"]
PASTE_HERE = (
    "() => document.body.append(Object.assign(document.createElement('textarea'), { id: 'here' }))"
)
STATE_DIGITS = 16


def expect_at(page: Page, position: int) -> None:
    expect(page.locator(".dock-place")).to_contain_text(f"{position:,} of")


def state_of(server: Server, position: int) -> str:
    """The first digits of the state's hash, as a link has them."""
    whole: str = server.get(f"api/state?position={position}")["state_hash"]
    return whole[:STATE_DIGITS]


def pasted(page: Page) -> str:
    """What the clipboard holds; no script may read it, so it is pasted as a reader would."""
    page.evaluate(PASTE_HERE)
    page.locator("#here").press("Control+v")
    return page.locator("#here").input_value()


def test_a_copied_link_opens_the_same_state_elsewhere_and_says_so(past: Server, tabs: Tabs) -> None:
    crash = shifts(past)[1]["position"]
    window = tabs.window()
    window.grant_permissions(CLIPBOARD, origin=past.url)
    page = tabs.open(f"{past.url}?symbol={SYMBOL}&position={crash}&speed=86400", window)
    expect_at(page, crash)
    page.keyboard.press("c")
    expect(page.get_by_text("Link copied. State")).to_be_visible()
    link = pasted(page)
    query = {name: one for name, (one,) in parse_qs(urlsplit(link).query).items()}
    assert query == {
        "symbol": SYMBOL,
        "position": str(crash),
        "speed": "86400",
        "state": state_of(past, crash),
    }
    other = tabs.open(link)
    expect_at(other, crash)
    expect(other.get_by_text("You see the same state as who sent this link")).to_be_visible()
    for one in (page, other):
        status = one.get_by_role("region", name=f"Market status of {SYMBOL}")
        expect(status).to_contain_text("SELL EVERYTHING! 🔥")
    shown = [one.locator(".dock-hash").get_attribute("title") for one in (page, other)]
    assert shown[0] == shown[1]


def test_a_link_from_another_log_is_found_out(past: Server, open_past: OpenTab) -> None:
    page = open_past(f"?symbol={SYMBOL}&position=100&state={'0' * STATE_DIGITS}")
    expect(page.get_by_text("This log says something else at that position")).to_be_visible()


def test_what_is_not_understood_is_said_and_ignored(open_past: OpenTab) -> None:
    page = open_past(f"?symbol={SYMBOL}&position=minus-one&speed=fast")
    expect(page.get_by_text("was ignored: position=minus-one, speed=fast")).to_be_visible()
    expect(page.locator("html")).not_to_have_attribute("data-mode", "replay")


def test_the_address_follows_and_the_browser_goes_back(past: Server, open_past: OpenTab) -> None:
    bear = shifts(past)[2]["position"]
    page = open_past(f"?symbol={SYMBOL}")
    expect(page.get_by_role("list", name="Shifts").get_by_role("listitem")).to_have_count(3)
    page.keyboard.press("[")
    expect_at(page, bear)
    page.wait_for_url(f"**/?symbol={SYMBOL}&position={bear}*")
    page.reload()
    expect_at(page, bear)
    page.go_back()
    expect(page.locator("html")).not_to_have_attribute("data-mode", "replay")


def test_two_moments_are_compared_and_the_features_that_did_it_are_named(
    past: Server, open_past: OpenTab
) -> None:
    _, crash, bear = (one["position"] for one in shifts(past))
    page = open_past(f"?symbol={SYMBOL}&position={crash}")
    expect_at(page, crash)
    page.keyboard.press("p")
    page.keyboard.press("]")
    expect_at(page, bear)
    compared = page.get_by_role("region", name=f"Compare {SYMBOL}")
    regimes = compared.get_by_role("row", name="Regime")
    expect(regimes).to_contain_text("CRASH")
    expect(regimes).to_contain_text("BEAR")
    answer = past.get(f"api/compare?a={crash}&b={bear}&symbol={SYMBOL}")
    drivers = answer["symbols"][SYMBOL]["drivers"]
    features = compared.get_by_role("region", name="Features")
    expect(features.locator("tbody tr[data-changed=true]")).to_have_count(len(drivers))
    assert drivers
    expect(compared).to_contain_text("What did it:")
    page.wait_for_url(f"**compare={crash}*")
    compared.get_by_role("button", name="Unpin").click()
    expect(compared).to_have_count(0)


def test_a_link_opens_the_comparison_too(past: Server, open_past: OpenTab) -> None:
    _, crash, bear = (one["position"] for one in shifts(past))
    page = open_past(f"?symbol={SYMBOL}&position={bear}&compare={crash}")
    compared = page.get_by_role("region", name=f"Compare {SYMBOL}")
    expect(compared.get_by_role("row", name="Regime")).to_contain_text("CRASH")
