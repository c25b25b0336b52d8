"""The manual broadcasts: appended, seen by subscribers, marked, and without a say in any decision."""

# covers: app.api.broadcast, app.api.socket

import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.integration.served import (
    Json,
    Served,
    daily,
    day,
    new_symbol,
    receive_text,
    receive_until,
    subscribe,
)

MINIMAL: dict[str, Json] = {
    "regime": {"regime": "CRASH"},
    "price-alert": {"price": "1.5", "message": "look 🚀"},
    "portfolio": {"total_value": "1000.50"},
    "trade": {"side": "buy", "quantity": "2", "price": "3.25"},
}
HOLDING = {
    "symbol": "SPX",
    "quantity": "-2.5",
    "average_price": "10",
    "market_price": "12",
    "market_value": "-30",
    "unrealised_pnl": "-5",
}
FULL: dict[str, Json] = {
    "regime": {
        "regime": "BEAR",
        "previous_regime": "BULL",
        "confidence": 0.7,
        "probabilities": {"BULL": 0.1, "BEAR": 0.7, "CRASH": 0.1, "SIDEWAYS": 0.1},
        "features": {"drawdown": -0.2, "steps": 3},
        "timestamp": day(1),
    },
    "price-alert": {
        "price": "1.5",
        "message": "",
        "kind": "drawdown",
        "severity": "critical",
        "threshold": "-0.1",
        "alert_id": "alert-1",
        "rule_id": "rule-1",
        "timestamp": day(1),
    },
    "portfolio": {
        "total_value": "1000.50",
        "portfolio_id": "side",
        "cash": "-1",
        "exposure": 0.4,
        "pnl": "1",
        "pnl_pct": 0.1,
        "daily_pnl": "-1",
        "drawdown_pct": 0.2,
        "benchmark_pnl_pct": 0.3,
        "positions": [HOLDING],
        "timestamp": day(1),
    },
    "trade": {
        "side": "sell",
        "quantity": "2",
        "price": "3.25",
        "portfolio_id": "side",
        "trade_id": "trade-1",
        "fees": "0.01",
        "status": "partial",
        "reason": {"regime": "BULL", "confidence": 0.5, "rule": "exposure"},
        "timestamp": day(1),
    },
}
CHANNELS = ("regime", "price_alerts", "portfolio", "trades")


def body_of(kind: str, fields: Json) -> Json:
    return fields if kind == "portfolio" else {"symbol": new_symbol(), **fields}


@pytest.mark.parametrize("kind", MINIMAL)
def test_a_minimal_body_is_enough(served: Served, kind: str) -> None:
    body = body_of(kind, MINIMAL[kind])
    event = served.post(f"/api/broadcast/{kind}", body)
    assert event["source"] == "manual"
    assert event["position"] == served.head()
    assert event["payload"]["timestamp"] == event["occurred_at"]
    assert {name: event["payload"][name] for name in body} == body


@pytest.mark.parametrize("kind", FULL)
def test_a_full_body_is_broadcast_as_it_is(served: Served, kind: str) -> None:
    body = body_of(kind, FULL[kind])
    payload = served.post(f"/api/broadcast/{kind}", body)["payload"]
    expected = {**body, "timestamp": "2020-01-02T21:00:00.000000Z"}
    assert {name: payload[name] for name in body} == expected


@pytest.mark.parametrize("kind", MINIMAL)
async def test_subscribers_see_the_very_answer(served: Served, kind: str) -> None:
    async with connect(served.socket_url) as socket:
        await socket.send(subscribe(*CHANNELS, history="none"))
        await receive_until(socket, "caught_up")
        answer = served.http.post(f"/api/broadcast/{kind}", json=body_of(kind, MINIMAL[kind]))
        assert await receive_text(socket) == answer.text


def test_confidence_and_probabilities_follow_from_each_other(served: Served) -> None:
    symbol = new_symbol()
    certain = served.post("/api/broadcast/regime", {"symbol": symbol, "regime": "BULL"})
    assert certain["payload"]["confidence"] == certain["payload"]["probabilities"]["BULL"] == 1
    some = {"BULL": 0.4, "BEAR": 0.3, "CRASH": 0.2, "SIDEWAYS": 0.1}
    body = {"symbol": symbol, "regime": "BULL", "probabilities": some}
    assert served.post("/api/broadcast/regime", body)["payload"]["confidence"] == 0.4


def test_a_manual_regime_never_changes_the_detector(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{100 + number}", number) for number in range(30)))
    served.post(
        "/api/broadcast/regime", {"symbol": symbol, "regime": "CRASH", "timestamp": day(29)}
    )
    shown = served.get(f"/api/state?symbol={symbol}")["symbols"][symbol]
    assert (shown["regime"], shown["source"]) == ("CRASH", "manual")
    served.post_prices(daily(symbol, "131", 30))
    regimes = served.events(f"symbols={symbol}&channels=regime")
    assert [event["payload"]["regime"] for event in regimes[-3:]] == ["BULL", "CRASH", "BULL"]
    assert regimes[-1]["payload"]["previous_regime"] == "BULL"
    assert served.events(f"symbols={symbol}&channels=price_alerts") == []
    shown = served.get(f"/api/state?symbol={symbol}")["symbols"][symbol]
    assert (shown["regime"], shown["source"]) == ("BULL", "api")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("regime", "regime", "bull"),
        ("regime", "confidence", 1.1),
        ("regime", "confidence", True),
        ("regime", "probabilities", {"BULL": 1}),
        ("regime", "probabilities", {"BULL": 0.5, "BEAR": 0.1, "CRASH": 0.1, "SIDEWAYS": 0.1}),
        ("regime", "probabilities", {"BULL": 1, "BEAR": 0, "CRASH": 0, "\ud800": 0}),
        ("regime", "timestamp", "2020-01-01T00:00:00"),
        ("price-alert", "message", "x" * 501),
        ("price-alert", "message", "\ud800"),
        ("price-alert", "price", 5),
        ("price-alert", "severity", "loud"),
        ("portfolio", "total_value", "1e5"),
        ("portfolio", "exposure", 10**400),
        ("portfolio", "portfolio_id", "a b"),
        ("trade", "quantity", "-1"),
        ("trade", "side", "hold"),
        ("trade", "price", "0"),
    ],
)
def test_a_bad_field_is_refused_by_name(served: Served, kind: str, field: str, value: Any) -> None:
    head = served.head()
    body = json.dumps({**body_of(kind, MINIMAL[kind]), field: value})
    headers = {"Content-Type": "application/json"}
    answer = served.http.post(f"/api/broadcast/{kind}", content=body, headers=headers)
    assert answer.status_code == 422
    assert [detail["path"] for detail in answer.json()["details"]] == [field]
    assert served.head() == head


@pytest.mark.parametrize("key", ["surprise", "\ud800"])
@pytest.mark.parametrize("kind", MINIMAL)
def test_an_unknown_field_is_refused(served: Served, kind: str, key: str) -> None:
    body = json.dumps({**body_of(kind, MINIMAL[kind]), key: 1})
    headers = {"Content-Type": "application/json"}
    answer = served.http.post(f"/api/broadcast/{kind}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
