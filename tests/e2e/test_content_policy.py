"""Every feature of the dashboard under the content policy: nothing is refused, and nobody else is asked."""

import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from app.api.headers import HEADERS
from tests.e2e.conftest import Tabs, running
from tests.e2e.looks import LOOKS
from tests.e2e.market import SYMBOL, post_past, shifts
from tests.e2e.server import TOKEN, Server
from tests.e2e.watching import Watch

pytestmark = pytest.mark.browser

HOME: Final = f"?symbol={SYMBOL}"
PERMISSIONS: Final = ["clipboard-read", "clipboard-write", "notifications"]
ALERT: Final = {"symbol": SYMBOL, "kind": "drawdown", "severity": "critical", "price": "80"}
TRADE: Final = {"portfolio_id": "mine", "symbol": SYMBOL, "side": "buy", "quantity": "3"}
OTHERS: Final = "https://elsewhere.invalid"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A recorder with a past and a second lane."""
    other = tmp_path_factory.mktemp("lane")
    with running(other, SYNAPSE_DETECTOR="sma200") as one:
        post_past(one)
    lanes = f"slow={other / 'synapse.db'}"
    with running(tmp_path_factory.mktemp("full"), SYNAPSE_LANES=lanes) as one:
        post_past(one)
        yield one


def sign_in(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    dialog = page.get_by_role("dialog", name="Settings")
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")


def choose_settings(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    dialog = page.get_by_role("dialog", name="Settings")
    for name in ("Light", "Dark", "System"):
        dialog.get_by_role("button", name=name, exact=True).click()
    dialog.get_by_role("button", name="Red is up").click()
    dialog.get_by_label("Written as in").select_option("de-DE")
    dialog.get_by_label("MiniMax").check()
    for name in ("Desktop notifications", "Sound"):
        dialog.get_by_role("group", name=name).get_by_role("button", name="On").click()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")


def live(server: Server, page: Page) -> None:
    """A shift, a trade and an alert as they happen, told by toasts; the alert is acknowledged."""
    server.broadcast(SYMBOL, "CRASH")
    trade = {**TRADE, "trade_id": "live", "price": "80"}
    server.post("api/trades", {"trades": [{**trade, "timestamp": "2025-09-01T12:00:00Z"}]})
    server.post("api/broadcast/price-alert", {**ALERT, "message": "It fell."})
    toasts = page.get_by_role("region", name="Just now")
    expect(toasts).to_contain_text("It fell.")
    toasts.get_by_role("article").filter(has_text="It fell.").get_by_role(
        "button", name="Close"
    ).click()
    alert = page.get_by_role("list", name="Alerts").get_by_role("listitem")
    alert = alert.filter(has_text="It fell.")
    alert.get_by_role("button", name="Acknowledge").click()
    expect(alert).to_contain_text("acknowledged")


def replay(page: Page) -> None:
    """To a shift, on from there to the end, to a day; copy a link, compare, and back."""
    expect(page.get_by_role("list", name="Shifts").get_by_role("listitem")).not_to_have_count(0)
    page.keyboard.press("[")
    expect(page.locator("html")).to_have_attribute("data-mode", "replay")
    page.get_by_label("Speed, in time of the market").select_option("max")
    page.get_by_role("region", name="Time machine").get_by_role("button", name="Play").click()
    expect(page.get_by_text("the end of the log")).to_be_attached()
    page.keyboard.press("g")
    page.get_by_role("dialog").get_by_label("Date").fill("2007-11-15")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("p")
    page.keyboard.press("]")
    compared = page.get_by_role("region", name=f"Compare {SYMBOL}")
    expect(compared.get_by_role("row", name="Regime")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_text("Link copied")).to_be_visible()
    compared.get_by_role("button", name="Unpin").click()
    page.keyboard.press("Escape")
    expect(page.locator("html")).not_to_have_attribute("data-mode", "replay")


def take_away(page: Page) -> None:
    """The chart as a picture, and the events as a file."""
    menu = page.locator("details.take-away")
    for role, name in (("button", "Save as PNG"), ("link", "CSV")):
        if menu.get_attribute("open") is None:
            menu.get_by_text("Take away", exact=True).click()
        with page.expect_download() as download:
            menu.get_by_role(role, name=name).click()  # type: ignore[arg-type]
        assert download.value.failure() is None


def second_lane(page: Page) -> None:
    page.get_by_role("combobox", name="Second lane").select_option("slow")
    expect(page.locator(".lane-differs")).to_have_attribute("d", re.compile("M"))


def test_every_feature_works_under_the_policy_and_asks_nobody_else(
    full: Server, tabs: Tabs
) -> None:
    window = tabs.window(**LOOKS["dark"])
    window.grant_permissions(PERMISSIONS, origin=full.url)
    watch = Watch().of(window)
    page = tabs.open(full.url + HOME, window)
    expect(page.locator("canvas").first).to_be_attached()
    sign_in(page)
    choose_settings(page)
    live(full, page)
    take_away(page)
    replay(page)
    second_lane(page)
    _, crash, bear = (one["position"] for one in shifts(full)[:3])
    page.goto(f"{full.url}{HOME}&position={bear}&compare={crash}&lane=slow&speed=no")
    expect(page.get_by_role("region", name=f"Compare {SYMBOL}")).to_be_visible()
    page.goto(f"{full.url}asyncapi")
    expect(page.get_by_role("heading", name="regime_update")).to_be_attached()
    watch.expect_clean(full.url)


@pytest.mark.parametrize("look", ["light", "phone"])
def test_another_look_of_the_page_keeps_to_the_policy(full: Server, tabs: Tabs, look: str) -> None:
    window = tabs.window(**LOOKS[look])
    watch = Watch().of(window)
    page = tabs.open(full.url + HOME, window)
    expect(page.locator("canvas").first).to_be_attached()
    expect(page.get_by_role("list", name="Shifts").get_by_role("listitem")).not_to_have_count(0)
    page.keyboard.press("[")
    expect(page.locator("html")).to_have_attribute("data-mode", "replay")
    watch.expect_clean(full.url)


def test_a_launch_link_signs_in_under_the_policy(full: Server, tabs: Tabs) -> None:
    window = tabs.window()
    watch = Watch().of(window)
    page = tabs.open(full.launch_link(), window)
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    watch.expect_clean(full.url)


def test_the_page_itself_comes_with_the_policy_that_all_answers_have(
    full: Server, tabs: Tabs
) -> None:
    page = tabs.window().new_page()
    answer = page.goto(full.url)
    assert answer is not None
    got = answer.headers
    assert {name: got[name.lower()] for name in HEADERS} == dict(HEADERS)


ADDED: Final[dict[str, str]] = {
    "an inline script": "document.body.append(Object.assign(document.createElement('script'), { text: 'ran = 1' }))",
    "a script from elsewhere": "document.body.append(Object.assign(document.createElement('script'), { src: URL }))",
    "an inline style": "document.head.append(Object.assign(document.createElement('style'), { textContent: 'p {}' }))",
    "a style attribute": "document.body.setAttribute('style', 'color: red')",
    "markup": "document.body.insertAdjacentHTML('beforeend', '<b>bold</b>')",
    "evaluation": "setTimeout('ran = 1', 0)",
    "a picture": "document.body.append(Object.assign(new Image(), { src: URL }))",
    "a request": "fetch(URL).catch(() => 0)",
    "a frame": "document.body.append(Object.assign(document.createElement('iframe'), { src: URL }))",
}
"""What a page must not get away with; `URL` is of somebody else."""


@pytest.mark.parametrize("what", ADDED)
def test_what_the_policy_forbids_is_refused_and_seen(full: Server, tabs: Tabs, what: str) -> None:
    window = tabs.window()
    watch = Watch().of(window)
    page = tabs.open(full.url, window)
    with page.expect_event("console"):
        page.evaluate(
            f"() => {{ try {{ {ADDED[what].replace('URL', repr(OTHERS))} }} catch {{}} }}"
        )
    page.wait_for_function("() => true")
    assert watch.violations
    assert watch.console
    assert not page.evaluate("() => 'ran' in window")
    assert watch.elsewhere(full.url) in ([], [f"{OTHERS}/"])


def test_the_page_cannot_be_framed(full: Server, tabs: Tabs) -> None:
    page = tabs.window().new_page()
    stranger = OTHERS.replace("https", "http")
    framing = f"<iframe src='{full.url}'></iframe>"
    page.route(f"{stranger}/*", lambda route: route.fulfill(content_type="text/html", body=framing))
    page.goto(f"{stranger}/")
    (frame,) = page.frames[1:]
    assert frame.url.startswith("chrome-error:")
