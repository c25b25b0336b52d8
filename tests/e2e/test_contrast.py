"""Every text of the card can be read: contrasts of the rendered colours, in every vibe and when it is stale."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tabs, settings_kept
from tests.e2e.looks import LOOKS, axe_violations, too_faint
from tests.e2e.market import SYMBOL
from tests.e2e.server import Server

pytestmark = pytest.mark.browser

REGIMES = ("BULL", "BEAR", "CRASH", "SIDEWAYS")


@pytest.mark.parametrize("look", ["dark", "light"])
@pytest.mark.parametrize("colours", ["green_up", "red_up"])
def test_every_text_of_the_card_can_be_read_in_every_vibe(
    shared: Server, tabs: Tabs, look: str, colours: str
) -> None:
    kept = settings_kept(shared, colours=colours)
    for regime in REGIMES:
        shared.broadcast(regime, regime)
    page = tabs.open(shared.url, **LOOKS[look], **kept)
    for regime in REGIMES:
        page.get_by_role("navigation", name="Symbols").get_by_role("button", name=regime).click()
        card = page.get_by_role("region", name=f"Market status of {regime}")
        expect(card.locator(".status-regime")).to_contain_text(regime)
        assert too_faint(card) == []
        # A panic pulses: where it is deepest, too.
        card.evaluate(
            "(one) => one.getAnimations().forEach((a) => { a.pause(); a.currentTime = 600; })"
        )
        assert too_faint(card) == []
    assert axe_violations(page) == []


def test_a_stale_headline_can_be_read(server: Server, tabs: Tabs) -> None:
    server.broadcast(SYMBOL, "CRASH")
    for look in ("dark", "light"):
        page = tabs.open(f"{server.url}?symbol={SYMBOL}", **LOOKS[look])
        server.kill()
        card = page.get_by_role("region", name=f"Market status of {SYMBOL}")
        expect(card.get_by_text("last known")).to_be_visible()
        assert too_faint(card) == []
        assert axe_violations(page) == []
        server.start()
