"""The line to the recorder in a real browser: what goes over it, and what the page says when it fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.sync_api import CDPSession, Page, WebSocketRoute, expect

from tests.e2e.conftest import LIVE, OpenTab, Tabs, running
from tests.e2e.server import Server

pytestmark = pytest.mark.browser

HEARTBEAT_S = "0.3"
BROKEN = '{"type":"regime_update","payload":{"symbol":7}}'
PATIENCE_MS = 30_000

Json = dict[str, Any]


@pytest.fixture
def lively(tmp_path: Path) -> Iterator[Server]:
    """A recorder that is missed soon: it says something every 0.3 s."""
    with running(tmp_path, SYNAPSE_HEARTBEAT_S=HEARTBEAT_S) as one:
        yield one


def pill(page: Page, state: str) -> None:
    """Wait until the connection is in a state."""
    page.locator(f".connection-pill[data-state={state}]").wait_for(timeout=PATIENCE_MS)


def hear_upgrades(page: Page) -> list[int]:
    """The status of each upgrade from now on, as the browser got it."""
    session: CDPSession = page.context.new_cdp_session(page)
    found: list[int] = []
    session.on(
        "Network.webSocketHandshakeResponseReceived",
        lambda told: found.append(told["response"]["status"]),
    )
    session.send("Network.enable")
    return found


def test_the_upgrade_is_a_101_and_the_frames_are_those_of_the_protocol(
    server: Server, tabs: Tabs
) -> None:
    server.broadcast("E2E", "BULL")
    page = tabs.window().new_page()
    sockets: list[str] = []
    sent: list[Json] = []
    received: list[Json] = []
    upgrades = hear_upgrades(page)

    def hear(socket: Any) -> None:
        sockets.append(socket.url)
        socket.on("framesent", lambda text: sent.append(orjson.loads(text)))
        socket.on("framereceived", lambda text: received.append(orjson.loads(text)))

    page.on("websocket", hear)
    page.goto(server.url)
    page.locator(LIVE).wait_for()
    server.broadcast("E2E", "BEAR")
    expect(page.get_by_text("Time to be careful 🐻")).to_be_visible()
    assert upgrades == [101]
    assert sockets == [server.url.replace("http", "ws") + "ws/synapse"]
    assert [(one["type"], one["direction"]) for one in sent] == [("subscribe", "c2s")]
    assert "regime" in sent[0]["payload"]["channels"]
    types = [one["type"] for one in received]
    assert types[0] == "subscription_confirmed"
    assert types.index("regime_update") < types.index("caught_up") < len(types) - 1
    assert received[0]["payload"]["request_msg_id"] == sent[0]["msg_id"]
    bear = next(one for one in received if one.get("payload", {}).get("regime") == "BEAR")
    assert (bear["stream"], bear["version"], bear["direction"]) == ("regime:E2E", 2, "s2c")


def test_after_the_server_was_killed_the_tab_resumes_and_missed_nothing(
    server: Server, open_tab: OpenTab
) -> None:
    server.broadcast("E2E", "BULL")
    page = open_tab("?symbol=E2E")
    expect(page.get_by_text("TO THE MOON! 🚀")).to_be_visible()
    server.kill()
    expect(page.locator(".connection-pill")).to_contain_text("Reconnecting")
    expect(page.get_by_text("last known")).to_be_visible()
    server.start()
    for regime in ("SIDEWAYS", "CRASH", "BEAR"):
        server.broadcast("E2E", regime)
    expect(page.get_by_text("Time to be careful 🐻")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("last known")).to_have_count(0)
    expect(page.get_by_text("0 missed of 4, resumed once")).to_be_visible()


def test_a_frozen_server_is_seen_as_stale_and_a_thawed_one_goes_on_by_itself(
    lively: Server, tabs: Tabs
) -> None:
    lively.broadcast("E2E", "CRASH")
    page = tabs.open(lively.url + "?symbol=E2E")
    status = page.get_by_role("region", name="Market status of E2E")
    expect(status).to_have_css("animation-name", "panic")
    lively.freeze()
    # Two and a half heartbeats of silence, and the watchdog barks: the socket itself stays open.
    pill(page, "stale")
    expect(status).to_have_attribute("data-live", "false")
    expect(status).to_contain_text("last known,")
    expect(status).to_have_css("animation-name", "none")
    expect(status.locator(".persona-message")).to_have_css("filter", "grayscale(1)")
    lively.thaw()
    pill(page, "live")
    expect(status).to_have_css("animation-name", "panic")
    expect(page.get_by_text("0 missed of 1, resumed once")).to_be_visible()


def test_an_offline_browser_says_so_and_resumes_when_the_network_is_back(
    lively: Server, tabs: Tabs
) -> None:
    window = tabs.window()
    page = tabs.open(lively.url + "?symbol=E2E", window)
    window.set_offline(True)
    pill(page, "offline")
    expect(page.locator(".connection-pill")).to_contain_text("Offline")
    lively.broadcast("E2E", "CRASH")
    window.set_offline(False)
    pill(page, "live")
    expect(page.get_by_text("SELL EVERYTHING! 🔥")).to_be_visible()


def test_a_message_that_does_not_fit_is_counted_and_the_page_lives_on(
    server: Server, tabs: Tabs
) -> None:
    window = tabs.window()
    page = window.new_page()
    routes: list[WebSocketRoute] = []

    def join(route: WebSocketRoute) -> None:
        route.connect_to_server()
        routes.append(route)

    page.route_web_socket("**/ws/synapse", join)
    page.goto(server.url + "?symbol=E2E")
    page.locator(LIVE).wait_for()
    routes[0].send(BROKEN)
    routes[0].send("no JSON at all")
    expect(page.get_by_text("2 messages did not fit")).to_be_visible()
    server.broadcast("E2E", "BULL")
    expect(page.get_by_text("TO THE MOON! 🚀")).to_be_visible()
    expect(page.get_by_text("0 missed of 1")).to_be_visible()
