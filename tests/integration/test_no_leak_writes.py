"""Nothing is written without the scope and the channels for it, and no answer to a write tells of others."""

# covers: app.access.rules, app.api.doorway

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

from app.access.grant import Scope
from events.catalog import Channel
from tests.endpoints import endpoints
from tests.integration.leaking import (
    ALL,
    EVERY_SCOPES,
    SOME_CHANNELS,
    Channels,
    Leaking,
    Scopes,
    heard,
    leaking,
    named,
    token_of,
)
from tests.integration.served import daily

Write = tuple[str, str, Any, Scope, Channels]
SYMBOL: Final = "OTHER"
TRADE: Final = {
    "trade_id": "t1",
    "symbol": SYMBOL,
    "side": "buy",
    "quantity": "1",
    "price": "5",
    "timestamp": "2026-01-15T21:00:00Z",
}
RULE: Final = {"rule_id": "r1", "kind": "price_above", "symbol": SYMBOL, "threshold": "9"}
ALERT: Final = {"symbol": SYMBOL, "price": "5", "message": "m"}


def of(*channels: Channel) -> Channels:
    return frozenset(channels)


WRITES: Final[list[Write]] = [
    ("POST", "/api/prices", {"prices": [daily(SYMBOL, "5", 1)]}, Scope.WRITE, of(Channel.PRICES)),
    ("POST", "/api/trades", {"trades": [TRADE]}, Scope.WRITE, of(Channel.TRADES)),
    ("POST", "/api/alert-rules", RULE, Scope.WRITE, of(Channel.SYSTEM)),
    ("DELETE", "/api/alert-rules/r1", None, Scope.WRITE, of(Channel.SYSTEM)),
    (
        "POST",
        "/api/alerts/QALERTSQ/acknowledge",
        {"by": "me"},
        Scope.WRITE,
        of(Channel.PRICE_ALERTS, Channel.SYSTEM),
    ),
    (
        "POST",
        "/api/broadcast/regime",
        {"symbol": SYMBOL, "regime": "BULL"},
        Scope.WRITE,
        of(Channel.REGIME),
    ),
    ("POST", "/api/broadcast/price-alert", ALERT, Scope.WRITE, of(Channel.PRICE_ALERTS)),
    ("POST", "/api/broadcast/portfolio", {"total_value": "5"}, Scope.WRITE, of(Channel.PORTFOLIO)),
    (
        "POST",
        "/api/broadcast/trade",
        {"symbol": SYMBOL, "side": "buy", "quantity": "1", "price": "5"},
        Scope.WRITE,
        of(Channel.TRADES),
    ),
    ("POST", "/api/session/launch", None, Scope.ADMIN, frozenset()),
]
NO_WRITES: Final = {"/api/session"}
"""What changes nothing of the server: it gives a browser a cookie, or takes it."""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaking]:
    with leaking(tmp_path_factory.mktemp("leaking")) as running:
        running.served.post_prices(daily(SYMBOL, "5", 0))  # a trade needs a price
        yield running


def sent(room: Leaking, write: Write, headers: dict[str, str], end: str = "") -> httpx.Response:
    method, path, body, _scope, _channels = write
    content = {} if body is None else {"json": body}
    request = room.stranger.build_request(method, f"{path}{end}", headers=headers, **content)
    return room.stranger.send(request)


@pytest.mark.parametrize("scopes", EVERY_SCOPES, ids=named)
@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{write[0]} {write[1]}")
def test_a_write_needs_its_scope_and_its_channels(
    room: Leaking, write: Write, scopes: Scopes
) -> None:
    *_, scope, needed = write
    head = room.served.head()
    for channels in SOME_CHANNELS if scope in scopes else [ALL]:
        if scope in scopes and needed <= channels:
            continue
        answer = sent(room, write, {"Authorization": f"Bearer {token_of(scopes, channels)}"})
        assert answer.status_code == 403
        code = "forbidden" if scope not in scopes else "forbidden_channel"
        assert answer.json()["code"] == code
        # That an alert of this id was asked about is in the path, not in the answer.
        assert not heard(answer.text)
    assert room.served.head() == head


@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{write[0]} {write[1]}")
def test_its_own_scope_and_channels_are_enough(room: Leaking, write: Write) -> None:
    *_, scope, needed = write
    scopes = frozenset({scope})
    for channels in SOME_CHANNELS:
        if not needed <= channels:
            continue
        answer = sent(room, write, {"Authorization": f"Bearer {token_of(scopes, channels)}"})
        assert answer.status_code in {200, 404}, answer.text
        assert heard(answer.text) <= channels


@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{write[0]} {write[1]}")
def test_nobody_writes_without_a_token_or_with_a_cookie_of_elsewhere(
    room: Leaking, write: Write
) -> None:
    head = room.served.head()
    cookie = room.cookie(token_of(frozenset(Scope), ALL))
    own = cookie.pop("Origin")
    answers = [
        (401, sent(room, write, {})),
        (401, sent(room, write, {"Authorization": "Bearer wrong"})),
        (401, sent(room, write, {"Authorization": "Bearer wrong", **cookie, "Origin": own})),
        (403, sent(room, write, cookie)),
        (403, sent(room, write, {**cookie, "Origin": "null"})),
        (403, sent(room, write, {**cookie, "Origin": "https://evil.example"})),
        (403, sent(room, write, {**cookie, "Origin": own + "1"})),
        # The router takes a path with a line's end for the path itself.
        (404, sent(room, write, {}, "%0A")),
        (404, sent(room, write, {**cookie, "Origin": own}, "%0A")),
    ]
    assert [answer.status_code for _, answer in answers] == [status for status, _ in answers]
    assert not any(heard(answer.text) for _, answer in answers)
    assert room.served.head() == head


def test_where_reading_is_open_writing_is_not(tmp_path_factory: pytest.TempPathFactory) -> None:
    with leaking(tmp_path_factory.mktemp("open"), read="open") as room:
        head = room.served.head()
        for write in WRITES:
            for end, status in (("", 401), ("%0A", 404)):
                assert sent(room, write, {}, end).status_code == status, write
        assert room.stranger.get("/api/connections").status_code == 401
        assert room.served.head() == head


def test_every_endpoint_that_writes_was_asked(room: Leaking) -> None:
    asked = {(write[0], write[1]) for write in WRITES}
    for endpoint in endpoints(room.served.app):
        path = endpoint.path.replace("{rule_id}", "r1").replace("{alert_id}", "QALERTSQ")
        if endpoint.method not in {"GET", "HEAD", "WEBSOCKET"} and path not in NO_WRITES:
            assert (endpoint.method, path) in asked, f"ask {endpoint} here"
