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


# Every control that the keyboard should reach; a list may be one stop, with arrow keys within.
CONTROLS = "a[href], button:enabled:not([tabindex='-1']), input:enabled, select:enabled, summary, [tabindex='0']"
VISIBLE_NAMES = f"""() => [...document.querySelectorAll("{CONTROLS}")]
    .filter((e) => e.getClientRects().length > 0 && e.checkVisibility({{ visibilityProperty: true }})).map(nameOf)"""
NAME_OF = """() => { window.nameOf = (e) =>
    [e.tagName, e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText].join(' ') }"""


def tab_through(page: Page) -> list[str]:
    """The names of everything that Tab reaches from the top of the page, until it leaves the page again."""
    page.evaluate(
        "() => { document.activeElement.blur(); window.getSelection().removeAllRanges(); }"
    )
    seen: list[str] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "document.activeElement === document.body ? null : nameOf(document.activeElement)"
        )
        if here is None or (seen and here == seen[0]):
            break
        seen.append(here)
    return seen


def test_everything_is_reached_by_tab_named_and_left_again(open_past: OpenTab) -> None:
    page = settle(open_past(f"?symbol={SYMBOL}"))
    page.evaluate(NAME_OF)
    before: list[str] = []
    seen: list[str] = []
    # A walk during which the page still grew says nothing: it is done again.
    for _ in range(10):
        before = page.evaluate(VISIBLE_NAMES)
        seen = tab_through(page)
        if page.evaluate(VISIBLE_NAMES) == before:
            break
    assert sorted(seen) == sorted(before), "the focus is trapped, or does not reach everything"
    assert [one for one in seen if not one.partition(" ")[2].strip()] == []
