"""`Idempotency-Key` at every endpoint that takes one: as long as is promised, and told back as it was sent."""

# covers: app.api.idempotency, app.api.alerts

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from app.api.idempotency import KEY_MAX
from tests.integration.served import Json, Served, daily, new_symbol

Call = tuple[str, str, Json | None]
"""Method, path and body."""


def prices(_served: Served, symbol: str) -> tuple[Call, Call]:
    first, other = ({"prices": [daily(symbol, price, 0)]} for price in ("5", "6"))
    return ("POST", "/api/prices", first), ("POST", "/api/prices", other)


def trades(served: Served, symbol: str) -> tuple[Call, Call]:
    served.post_prices(daily(symbol, "5", 0))
    calls = []
    for quantity in ("1", "2"):
        trade = {
            "trade_id": "t-1",
            "portfolio_id": f"p-{symbol}",
            "symbol": symbol,
            "side": "buy",
            "quantity": quantity,
            "price": "5",
            "timestamp": daily(symbol, "5", 0)["timestamp"],
        }
        calls.append(("POST", "/api/trades", {"trades": [trade]}))
    return calls[0], calls[1]


def rule(symbol: str, threshold: str) -> Json:
    return {
        "rule_id": f"above-{symbol}",
        "kind": "price_above",
        "symbol": symbol,
        "threshold": threshold,
    }


def rule_set(_served: Served, symbol: str) -> tuple[Call, Call]:
    first, other = (rule(symbol, threshold) for threshold in ("100", "200"))
    return ("POST", "/api/alert-rules", first), ("POST", "/api/alert-rules", other)


def rule_removed(served: Served, symbol: str) -> tuple[Call, Call]:
    served.post("/api/alert-rules", rule(symbol, "100"))
    path = f"/api/alert-rules/above-{symbol}"
    return ("DELETE", path, None), ("DELETE", f"{path}-too", None)


def acknowledged(served: Served, symbol: str) -> tuple[Call, Call]:
    manual = {"symbol": symbol, "price": "5", "message": "look"}
    event = served.post("/api/broadcast/price-alert", manual)
    path = f"/api/alerts/{event['msg_id']}/acknowledge"
    return ("POST", path, {"by": "ann"}), ("POST", path, {"by": "bob"})


@pytest.mark.parametrize("calls", [prices, trades, rule_set, rule_removed, acknowledged])
def test_the_longest_key_is_taken_and_told_back_as_it_was_sent(
    served: Served, calls: Callable[[Served, str], tuple[Call, Call]]
) -> None:
    first, other = calls(served, new_symbol())
    key = uuid4().hex.ljust(KEY_MAX, "k")

    def send(call: Call) -> tuple[int, Any]:
        method, path, body = call
        answer = served.http.request(method, path, json=body, headers={"Idempotency-Key": key})
        return answer.status_code, answer.json()

    status, told = send(first)
    assert status == 200, told
    head = served.head()
    assert send(first) == (200, told)
    status, problem = send(other)
    assert (status, problem["code"]) == (409, "idempotency_key_reused")
    assert problem["detail"] == f"idempotency key {key!r} was used for another request"
    assert served.head() == head


@pytest.mark.parametrize("calls", [prices, trades, rule_set, rule_removed, acknowledged])
def test_a_longer_key_is_refused(
    served: Served, calls: Callable[[Served, str], tuple[Call, Call]]
) -> None:
    (method, path, body), _other = calls(served, new_symbol())
    headers = {"Idempotency-Key": "k" * (KEY_MAX + 1)}
    answer = served.http.request(method, path, json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [detail["path"] for detail in answer.json()["details"]] == ["idempotency-key"]


def test_the_same_key_at_two_endpoints_is_two_keys(served: Served) -> None:
    symbol, headers = new_symbol(), {"Idempotency-Key": uuid4().hex}
    for method, path, body in (prices(served, symbol)[0], rule_set(served, symbol)[0]):
        answer = served.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
