"""The dashboard is for everyone: axe finds nothing wrong, and the keyboard reaches everything."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import LOOKS, axe_violations
from tests.e2e.market import SYMBOL, shifts
from tests.e2e.server import Server

pytestmark = pytest.mark.browser


def settle(page: Page) -> Page:
    """Wait until everything that comes late is there: the chart, the ribbon, the reasons."""
    expect(page.locator(".chart-panel canvas").first).to_be_visible()
    expect(page.get_by_role("slider", name=f"Moment of {SYMBOL}")).to_be_visible()
    expect(page.get_by_role("list", name="Shifts")).to_be_visible()
    expect(page.get_by_role("region", name="Distance to a flip")).to_be_visible()
    return page


def crash(past: Server) -> int:
    """The position of the crash."""
    found: int = next(one["position"] for one in shifts(past) if one["regime"] == "CRASH")
    return found


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_live(open_past: OpenTab, look: str) -> None:
    page = settle(open_past(f"?symbol={SYMBOL}", **LOOKS[look]))
    assert axe_violations(page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_a_replay(past: Server, open_past: OpenTab, look: str) -> None:
    page = open_past(f"?symbol={SYMBOL}&position={crash(past)}", **LOOKS[look])
    expect(page.get_by_text("REPLAY", exact=True).first).to_be_visible()
    expect(page.get_by_text("SELL EVERYTHING! 🔥")).to_be_visible()
    assert axe_violations(settle(page)) == []


@pytest.mark.parametrize(
    ("key", "look"),
    [("s", "dark"), ("s", "light phone"), ("?", "light"), ("?", "phone"), ("g", "dark")],
)
def test_axe_finds_nothing_in_a_dialog(open_past: OpenTab, key: str, look: str) -> None:
    page = settle(open_past(f"?symbol={SYMBOL}", **LOOKS[look]))
    page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_be_visible()
    assert axe_violations(page) == []


@pytest.mark.parametrize("look", ["dark", "light phone"])
def test_axe_finds_nothing_while_comparing(past: Server, open_past: OpenTab, look: str) -> None:
    first = crash(past)
    page = open_past(f"?symbol={SYMBOL}&position={first + 60}&compare={first}", **LOOKS[look])
    compared = page.get_by_role("region", name=f"Compare {SYMBOL}")
    expect(compared.get_by_role("table").first).to_be_visible()
    assert axe_violations(settle(page)) == []


def test_everything_is_reached_by_tab_named_and_left_again(open_past: OpenTab) -> None:
    page = settle(open_past(f"?symbol={SYMBOL}"))
    first = None
    seen: list[str] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "(() => { const e = document.activeElement; return e === document.body ? null :"
            " [e.tagName, e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText].join(' ') })()"
        )
        if here is None or (first is not None and here == first):
            break
        first = first or here
        seen.append(here)
    wanted = page.locator(
        # A list may be one stop, with arrow keys within.
        "a[href], button:enabled:not([tabindex='-1']), input:enabled, select:enabled, summary, [tabindex='0']"
    )
    visible = [one for one in wanted.all() if one.is_visible()]
    assert len(seen) == len(visible), "the focus is trapped, or does not reach everything"
    assert [one for one in seen if not one.partition(" ")[2].strip()] == []
