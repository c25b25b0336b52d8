"""The page of the streams' contract in a real browser, under its own strict policy."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.server import Server

pytestmark = pytest.mark.browser


def test_the_contract_can_be_read_without_a_script_and_asks_nobody_else(
    server: Server, browser: Browser
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{server.url}asyncapi")
    page.get_by_role("link", name="regime_update").first.click()
    expect(page.get_by_role("heading", name="regime_update")).to_be_in_viewport()
    expect(page.get_by_role("table").first).to_have_css("border-collapse", "collapse")
    assert said == []
    assert asked == [f"{server.url}asyncapi", f"{server.url}asyncapi.css"]
    page.close()
