"""Where reading needs a token: signing in and out, being turned away, and what a limited token shows."""

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import LIVE, Tabs, running
from tests.e2e.looks import LOOKS, axe_violations
from tests.e2e.market import SYMBOL, post_past
from tests.e2e.server import TOKEN, Server

pytestmark = pytest.mark.browser

SIGNED_OUT = ".connection-pill[data-state=signed_out]"
TOLD_MS_MAX = 10_000
"""The server closes a socket within 5 s of a token's end."""


def write_tokens(path: Path, tokens: dict[str, Sequence[str] | None]) -> None:
    """A tokens file of readers, each with its channels; None for all. A token is called as it is."""
    entries = []
    for token, channels in tokens.items():
        digest = hashlib.sha256(token.encode()).hexdigest()
        entry = f'[[token]]\nname = "{token}"\nsha256 = "{digest}"\nscopes = ["read"]\n'
        entries.append(entry + (f"channels = {list(channels)}\n" if channels else ""))
    tomllib.loads("".join(entries))
    path.write_text("".join(entries))


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """The tokens file of `closed`."""
    path = tmp_path / "tokens.toml"
    write_tokens(path, {"desk": None, "few": ["regime", "prices"]})
    return path


@pytest.fixture
def closed(tmp_path: Path, tokens: Path) -> Iterator[Server]:
    """A recorder with a past, which shows it to those who have a token."""
    with running(tmp_path, SYNAPSE_READ="token", SYNAPSE_TOKENS_FILE=str(tokens)) as one:
        post_past(one)
        yield one


def visit(tabs: Tabs, url: str, **options: object) -> Page:
    page = tabs.window(**options).new_page()
    page.goto(url)
    return page


def panel(page: Page) -> Locator:
    return page.locator(".signin")


def sign_in(page: Page, token: str) -> None:
    panel(page).get_by_label("Token").fill(token)
    page.keyboard.press("Enter")


def test_a_token_signs_in_its_end_is_told_and_whoever_signs_out_leaves_nothing(
    closed: Server, tokens: Path, tabs: Tabs
) -> None:
    page = visit(tabs, f"{closed.url}?symbol={SYMBOL}")
    expect(panel(page).get_by_label("Token")).to_be_focused()
    sign_in(page, "wrong")
    expect(panel(page)).to_contain_text("wrong, over or revoked")
    sign_in(page, "desk")
    page.locator(LIVE).wait_for()
    expect(panel(page)).to_have_count(0)
    status = page.get_by_role("region", name=f"Market status of {SYMBOL}")
    closed.broadcast(SYMBOL, "CRASH")
    expect(status).to_contain_text("CRASH")
    write_tokens(tokens, {"other": None})
    expect(page.locator(SIGNED_OUT)).to_be_visible(timeout=TOLD_MS_MAX)
    expect(panel(page)).to_contain_text("it has expired, or was taken back")
    expect(status).to_contain_text("CRASH")
    expect(status).to_contain_text("last known")
    assert axe_violations(page) == []
    closed.broadcast(SYMBOL, "BULL")
    sign_in(page, "other")
    page.locator(LIVE).wait_for()
    expect(status).to_contain_text("BULL")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Sign out").click()
    expect(panel(page).get_by_label("Token")).to_be_focused()
    expect(page.get_by_text("CRASH")).to_have_count(0)


def test_a_launch_link_signs_in_where_reading_needs_a_token(closed: Server, tabs: Tabs) -> None:
    link = closed.launch_link()
    page = tabs.open(link)
    assert "launch" not in page.url
    again = visit(tabs, link)
    expect(panel(again)).to_contain_text("This link has been used")
    expect(again.get_by_text("This link has been used")).to_have_count(1)
    sign_in(again, TOKEN)
    again.locator(LIVE).wait_for()


def test_a_launch_link_that_is_pasted_into_the_open_page_signs_it_in(
    closed: Server, tabs: Tabs
) -> None:
    refused: list[str] = []
    window = tabs.window()
    window.on("response", lambda one: refused.append(one.url) if one.status == 401 else None)
    page = window.new_page()
    page.goto(closed.url)
    expect(panel(page).get_by_label("Token")).to_be_focused()
    expect(page.get_by_role("region", name="Time machine")).to_have_count(0)
    page.goto(closed.launch_link())
    page.locator(LIVE).wait_for()
    expect(panel(page)).to_have_count(0)
    assert "launch" not in page.url
    assert refused == []
    page.get_by_role("button", name="Settings").click()
    told = page.get_by_role("dialog", name="Settings").get_by_text("Signed in: this browser may")
    expect(told).to_contain_text("read, write and administer")


def test_a_token_for_some_channels_shows_those_and_says_what_is_missing(
    closed: Server, tabs: Tabs
) -> None:
    refused: list[str] = []
    page = visit(tabs, f"{closed.url}?symbol={SYMBOL}")
    page.on("response", lambda one: refused.append(one.url) if one.status == 403 else None)
    sign_in(page, "few")
    page.locator(LIVE).wait_for()
    expect(page.get_by_role("region", name=f"Market status of {SYMBOL}")).to_be_visible()
    expect(page.locator(".chart-panel canvas").first).to_be_visible()
    expect(page.get_by_role("list", name="Shifts")).to_be_visible()
    for name in ("Alerts", "Notices", "Portfolio", "Trades"):
        expect(page.get_by_role("region", name=name)).to_contain_text("Not in your token")
    marks = page.get_by_role("group", name="Marks on the chart")
    for name in ("Alerts", "Trades"):
        expect(marks.get_by_role("button", name=name)).to_have_attribute(
            "title", "Not in your token"
        )
    assert axe_violations(page) == []
    page.get_by_role("list", name="Shifts").get_by_role("button").first.click()
    expect(page.locator("html")).to_have_attribute("data-mode", "replay")
    expect(page.get_by_role("region", name="Time machine")).to_contain_text("REPLAY")
    assert refused == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_way_in_is_for_everybody(empty: Server, tabs: Tabs, look: str) -> None:
    page = visit(tabs, empty.url, **LOOKS[look])
    expect(panel(page)).to_be_visible()
    assert axe_violations(page) == []


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An empty recorder that wants a token, for tests that do not sign in."""
    with running(tmp_path_factory.mktemp("closed"), SYNAPSE_READ="token") as one:
        yield one
