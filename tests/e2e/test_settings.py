"""What a reader may choose: it holds at once, after a reload, and in the other tabs of the browser."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenTab, Tabs, settings_kept
from tests.e2e.market import SYMBOL, shifts
from tests.e2e.server import TOKEN, Server

pytestmark = pytest.mark.browser

HOME = f"?symbol={SYMBOL}"
UP_GREEN, UP_RED = "rgb(46, 230, 160)", "rgb(255, 122, 112)"


def open_settings(page: Page) -> Any:
    page.get_by_role("button", name="Settings").click()
    return page.get_by_role("dialog", name="Settings")


def test_a_theme_that_is_chosen_holds_here_after_a_reload_and_in_another_tab(
    past: Server, tabs: Tabs
) -> None:
    window = tabs.window()
    page, other = (tabs.open(past.url + HOME, window) for _ in range(2))
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    open_settings(page).get_by_role("button", name="Light", exact=True).click()
    for one in (page, other):
        expect(one.locator("html")).to_have_attribute("data-theme", "light")
        expect(one.locator("body")).to_have_css("background-color", "rgb(245, 247, 250)")
    page.reload()
    expect(html).to_have_attribute("data-theme", "light")


def test_colours_can_be_those_of_east_asia_and_the_shapes_stay(
    shared: Server, symbol: str, open_shared: OpenTab
) -> None:
    shared.broadcast(symbol, "BULL")
    page = open_shared()
    word = page.locator(".status-regime .regime-word")
    glyph = word.locator("svg").inner_html()
    expect(word).to_have_css("color", UP_GREEN)
    dialog = open_settings(page)
    dialog.get_by_role("button", name="Red is up").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(word).to_have_css("color", UP_RED)
    assert word.locator("svg").inner_html() == glyph
    page.reload()
    expect(word).to_have_css("color", UP_RED)


def test_numbers_and_times_are_written_as_the_reader_wants(
    past: Server, open_past: OpenTab
) -> None:
    crash = shifts(past)[1]["position"]
    page = open_past(f"{HOME}&position={crash}")
    when = page.locator(".dock-when")
    expect(when).to_contain_text("30 Oct 2007, 21:00:00 UTC")
    price = page.locator(".status-price")
    expect(price).to_contain_text(",")
    dialog = open_settings(page)
    dialog.get_by_label("Written as in").select_option("de-DE")
    dialog.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.keyboard.press("Escape")
    expect(when).to_contain_text("31.10.2007, 06:00:00")
    expect(price).to_contain_text(".")
    page.reload()
    expect(when).to_contain_text("31.10.2007, 06:00:00")


def test_a_browser_with_a_language_that_is_none_shows_the_page(past: Server, tabs: Tabs) -> None:
    window = tabs.window()
    window.add_init_script(
        "Object.defineProperty(navigator, 'language', { value: 'en-US@posix' });"
        "Object.defineProperty(navigator, 'languages', { value: ['en-US@posix'] });"
    )
    page = tabs.open(past.url + HOME, window)
    expect(page.get_by_text("Time to be careful 🐻")).to_be_visible()


def test_another_persona_says_it_its_own_way(
    shared: Server, symbol: str, open_shared: OpenTab
) -> None:
    shared.broadcast(symbol, "CRASH")
    page = open_shared()
    message = page.locator(".persona-message")
    expect(message).to_have_text("SELL EVERYTHING! 🔥")
    open_settings(page).get_by_label("MiniMax").check()
    expect(message).not_to_have_text("SELL EVERYTHING! 🔥")
    expect(page.locator(".persona-by")).to_contain_text("MiniMax")


def test_notifications_and_sound_are_off_until_they_are_asked_for(
    shared: Server, symbol: str, tabs: Tabs
) -> None:
    window = tabs.window()
    window.grant_permissions(["notifications"], origin=shared.url)
    window.add_init_script(
        "window.asked = 0; Notification.requestPermission = async () => { window.asked += 1; return 'denied' }"
    )
    page = tabs.open(f"{shared.url}?symbol={symbol}", window)
    shared.broadcast(symbol, "BULL")
    shared.broadcast(symbol, "CRASH")
    expect(page.get_by_text("SELL EVERYTHING! 🔥")).to_be_visible()
    assert page.evaluate("window.asked") == 0
    dialog = open_settings(page)
    for name in ("Desktop notifications", "Sound"):
        off = dialog.get_by_role("group", name=name).get_by_role("button", name="Off")
        expect(off).to_have_attribute("aria-pressed", "true")


def test_settings_that_are_broken_are_forgotten(past: Server, tabs: Tabs) -> None:
    kept = settings_kept(past, theme="mauve", timeZone="Mars/Olympus", colours="red_up")
    page = tabs.open(past.url + HOME, **kept)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("data-colours", "red_up")


def test_the_token_signs_in_a_wrong_one_does_not(
    shared: Server, symbol: str, open_shared: OpenTab
) -> None:
    page = open_shared()
    dialog = open_settings(page)
    dialog.get_by_label("Token").fill("wrong")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_text("wrong, over or revoked")).to_be_visible()
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Sign in").click()
    dialog.get_by_role("button", name="Sign out").click()
    expect(dialog.get_by_label("Token")).to_be_visible()
    assert shared.get("api/session")["scopes"] == ["read"]


def test_the_keys_are_listed_and_none_acts_behind_a_dialog(open_past: OpenTab) -> None:
    page = open_past(HOME)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    for words in ("Previous shift", "Back to live", "Copy link", "Settings"):
        expect(dialog.get_by_text(words, exact=True).first).to_be_visible()
    page.keyboard.press("[")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("html")).not_to_have_attribute("data-mode", "replay")
