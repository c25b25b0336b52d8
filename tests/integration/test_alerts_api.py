"""Alert rules over HTTP, the alerts that they raise, and acknowledgements: all of them events."""

# covers: app.api.alert_rules, app.api.alerts

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.market.alerts.rules import DEFAULT_RULES, NEVER_FIRES
from app.market.public_state import KEPT
from tests.integration.served import Json, Served, daily, new_symbol, serving

RULES = "/api/alert-rules"


def above(symbol: str, threshold: str = "100", **more: Any) -> Json:
    return {
        "rule_id": f"above-{symbol}",
        "kind": "price_above",
        "symbol": symbol,
        "threshold": threshold,
        **more,
    }


def refused(served: Served, method: str, path: str, status: int, **request: Any) -> Json:
    head = served.head()
    answer = served.http.request(method, path, **request)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert served.head() == head
    return dict(answer.json())


def in_force(served: Served) -> dict[str, Json]:
    return {rule["rule_id"]: rule for rule in served.get(RULES)["rules"]}


def alerts_of(served: Served, symbol: str) -> list[Json]:
    """What the rules on prices raised: a wild series may be a shift besides."""
    events = served.events(f"symbols={symbol}&channels=price_alerts")
    return [e["payload"] for e in events if e["payload"]["kind"] != "regime_shift"]


def fired(served: Served) -> Json:
    """An alert of a symbol of its own."""
    symbol = new_symbol()
    served.post(RULES, above(symbol))
    served.post_prices(daily(symbol, "120", 0))
    (alert,) = alerts_of(served, symbol)
    return alert


def test_the_built_in_rules_are_in_force_from_the_start(served: Served) -> None:
    rules = in_force(served)
    for each in DEFAULT_RULES:
        assert rules[each.rule_id] == {**each.model_dump(mode="json"), "built_in": True}


def test_a_rule_is_set_by_an_event_and_looked_at_from_the_next_price_on(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(daily(symbol, "120", 0))
    answer = served.post(RULES, above(symbol, "100.50"))
    assert answer["position"] == served.head()
    rule = answer["rule"]
    assert (rule["threshold"], rule["severity"], rule["built_in"]) == ("100.5", "info", False)
    assert in_force(served)[rule["rule_id"]] == rule
    notice = served.events("channels=system")[-1]
    assert notice["position"] == answer["position"]
    assert (notice["type"], notice["payload"]["kind"]) == ("system_notice", "alert_rule_set")
    assert {**notice["payload"]["details"], "built_in": False} == rule
    assert alerts_of(served, symbol) == []
    served.post_prices(daily(symbol, "99", 1), daily(symbol, "101", 2), daily(symbol, "102", 3))
    (alert,) = alerts_of(served, symbol)
    assert alert["rule_id"] == rule["rule_id"]
    assert (alert["kind"], alert["severity"]) == ("price_above", "info")
    assert (alert["price"], alert["threshold"]) == ("101", "100.5")
    assert alert["message"] == f"{symbol} is at 101, at or above 100.5"


def test_a_rule_that_is_set_again_replaces_the_one_before(served: Served) -> None:
    symbol = new_symbol()
    served.post(RULES, above(symbol))
    served.post_prices(daily(symbol, "120", 0))
    served.post(RULES, above(symbol, "110", severity="critical"))
    served.post_prices(daily(symbol, "121", 1))
    assert [(a["threshold"], a["severity"]) for a in alerts_of(served, symbol)] == [
        ("100", "info"),
        ("110", "critical"),
    ]


def test_a_removed_rule_fires_no_more(served: Served) -> None:
    symbol = new_symbol()
    rule_id = served.post(RULES, above(symbol))["rule"]["rule_id"]
    answer = served.http.delete(f"{RULES}/{rule_id}")
    assert answer.status_code == 200
    assert answer.json() == {"rule_id": rule_id, "position": served.head()}
    notice = served.events("channels=system")[-1]["payload"]
    assert (notice["kind"], notice["details"]) == ("alert_rule_removed", {"rule_id": rule_id})
    assert rule_id not in in_force(served)
    served.post_prices(daily(symbol, "120", 0))
    assert alerts_of(served, symbol) == []
    again = refused(served, "DELETE", f"{RULES}/{rule_id}", 404)
    assert again["code"] == "unknown_rule"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"threshold": "0"}, "threshold"),
        ({"threshold": "-5"}, "threshold"),
        ({"hysteresis": "1"}, "hysteresis"),
        ({"kind": "drawdown", "threshold": "1"}, "threshold"),
        (
            {"kind": "percent_move", "threshold": "1.5", "window_s": 60, "direction": "down"},
            "direction",
        ),
    ],
)
def test_a_rule_that_can_never_fire_is_refused_by_a_code_of_its_own(
    served: Served, changes: Json, path: str
) -> None:
    problem = refused(served, "POST", RULES, 422, json={**above("SPX"), **changes})
    assert problem["code"] == NEVER_FIRES
    assert [detail["path"] for detail in problem["details"]] == [path]
    assert problem["details"][0]["problem"] in problem["detail"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"threshold": 100}, "threshold"),
        ({"threshold": "1e3"}, "threshold"),
        ({"kind": "price_beside"}, "kind"),
        ({"window_s": 60}, "window_s"),
        ({"window_bars": 5}, "window_bars"),
        ({"symbol": "A B"}, "symbol"),
        ({"rule_id": ""}, "rule_id"),
        ({"cooldown_s": 10**9}, "cooldown_s"),
        ({"severity": "loud"}, "severity"),
        ({"when": "now"}, "when"),
        ({"when": "now", "hysteresis": "2"}, "when"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_its_path(
    served: Served, changes: Json, path: str
) -> None:
    problem = refused(served, "POST", RULES, 422, json={**above("SPX"), **changes})
    assert problem["code"] == "invalid_request"
    assert path in [detail["path"] for detail in problem["details"]]


def test_bodies_that_are_no_rule_are_refused(served: Served) -> None:
    assert refused(served, "POST", RULES, 422, json=[])["code"] == "invalid_request"
    headers = {"Content-Type": "application/json"}
    torn = refused(served, "POST", RULES, 400, content='{"rule_id": ', headers=headers)
    assert torn["code"] == "malformed_json"


def test_writing_needs_the_token_and_reading_does_not(served: Served) -> None:
    nobody = {"Authorization": ""}
    for method, path in (
        ("POST", RULES),
        ("DELETE", f"{RULES}/drawdown"),
        ("POST", "/api/alerts/some/acknowledge"),
    ):
        problem = refused(served, method, path, 401, json=above("SPX"), headers=nobody)
        assert problem["code"] == "unauthorised"
    assert served.http.get(RULES, headers=nobody).status_code == 200


def test_the_same_key_gets_the_first_answer(served: Served) -> None:
    symbol, headers = new_symbol(), {"Idempotency-Key": uuid4().hex}
    first = served.post(RULES, above(symbol), **headers)
    assert served.post(RULES, above(symbol), **headers) == first
    other = refused(served, "POST", RULES, 409, json=above(symbol, "9"), headers=headers)
    assert other["code"] == "idempotency_key_reused"
    path = f"{RULES}/{first['rule']['rule_id']}"
    removed = served.http.delete(path, headers=headers)
    assert removed.status_code == 200
    head = served.head()
    assert served.http.delete(path, headers=headers).json() == removed.json()
    assert served.head() == head
    gone = refused(served, "DELETE", f"{RULES}/never-was", 409, headers=headers)
    assert gone["code"] == "idempotency_key_reused"


def test_an_alert_is_acknowledged_once(served: Served) -> None:
    alert = fired(served)
    path = f"/api/alerts/{alert['alert_id']}/acknowledge"
    first = served.post(path, {"by": "ann", "note": "seen; it is the fed"})
    assert first == {
        "alert_id": alert["alert_id"],
        "symbol": alert["symbol"],
        "by": "ann",
        "note": "seen; it is the fed",
        "position": served.head(),
    }
    notice = served.events("channels=system")[-1]["payload"]
    assert notice["kind"] == "alert_acknowledged"
    assert notice["details"]["alert_id"] == alert["alert_id"]
    assert served.post(path, {"by": "bob"}) == first
    assert served.http.post(path).json() == first
    assert served.head() == first["position"]
    (shown,) = [a for a in served.get("/api/state")["alerts"] if a["alert_id"] == alert["alert_id"]]
    assert shown["acknowledged"] is True


def test_an_acknowledgement_needs_no_body_and_takes_a_key(served: Served) -> None:
    alert, headers = fired(served), {"Idempotency-Key": uuid4().hex}
    path = f"/api/alerts/{alert['alert_id']}/acknowledge"
    answer = served.http.post(path, headers=headers)
    assert answer.status_code == 200
    assert (answer.json()["by"], answer.json()["note"]) == (None, None)
    assert served.http.post(path, headers=headers).json() == answer.json()
    other = refused(served, "POST", path, 409, json={"by": "bob"}, headers=headers)
    assert other["code"] == "idempotency_key_reused"


def test_a_hand_made_alert_is_acknowledged_by_its_own_id(served: Served) -> None:
    symbol, alert_id = new_symbol(), f"hand-made.{uuid4().hex[:8]}"
    manual = {"symbol": symbol, "price": "5", "message": "look", "alert_id": alert_id}
    event = served.post("/api/broadcast/price-alert", manual)
    answer = served.post(f"/api/alerts/{alert_id}/acknowledge", {})
    assert (answer["alert_id"], answer["symbol"]) == (alert_id, symbol)
    assert served.post(f"/api/alerts/{event['msg_id']}/acknowledge", {}) == answer


def hand_made(served: Served, symbol: str, alert_id: str) -> str:
    """Show an alert; returns its event's id."""
    manual = {"symbol": symbol, "price": "5", "message": "look", "alert_id": alert_id}
    return str(served.post("/api/broadcast/price-alert", manual)["msg_id"])


def shown_as(served: Served, alert_id: str) -> list[tuple[str, bool]]:
    alerts = served.get("/api/state")["alerts"]
    return [(a["symbol"], a["acknowledged"]) for a in alerts if a["alert_id"] == alert_id]


def test_alerts_of_one_id_are_acknowledged_as_one(served: Served) -> None:
    first, second, alert_id = new_symbol(), new_symbol(), f"hand-made.{uuid4().hex[:8]}"
    hand_made(served, first, alert_id)
    event_id = hand_made(served, second, alert_id)
    answer = served.post(f"/api/alerts/{event_id}/acknowledge", {"by": "ann"})
    assert (answer["alert_id"], answer["symbol"]) == (alert_id, second)
    assert shown_as(served, alert_id) == [(first, True), (second, True)]
    assert served.post(f"/api/alerts/{alert_id}/acknowledge", {}) == answer


def test_an_alert_of_an_acknowledged_id_is_told_which_acknowledgement_there_is(
    served: Served,
) -> None:
    first, second, alert_id = new_symbol(), new_symbol(), f"hand-made.{uuid4().hex[:8]}"
    hand_made(served, first, alert_id)
    answer = served.post(f"/api/alerts/{alert_id}/acknowledge", {"by": "ann"})
    assert answer["symbol"] == first
    event_id = hand_made(served, second, alert_id)
    head = served.head()
    assert served.post(f"/api/alerts/{event_id}/acknowledge", {"by": "bob"}) == answer
    assert served.head() == head
    assert shown_as(served, alert_id) == [(first, True), (second, False)]


def test_an_acknowledgement_is_told_again_when_its_alert_is_no_longer_shown(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        hand_made(served, "SPX", "look")
        headers = {"Idempotency-Key": "k"}
        answer = served.post("/api/alerts/look/acknowledge", {"by": "ann"}, **headers)
        for number in range(KEPT):
            hand_made(served, "SPX", f"later-{number}")
        assert shown_as(served, "look") == []
        assert served.post("/api/alerts/look/acknowledge", {"by": "ann"}, **headers) == answer
        assert served.post("/api/alerts/look/acknowledge", {}) == answer
        other = refused(
            served, "POST", "/api/alerts/look/acknowledge", 409, json={}, headers=headers
        )
        assert other["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("alert_id", ["never-was", "5b5948ad-a065-5dad-96ea-c14d8dd83382", "price"])
def test_an_unknown_alert_is_refused(served: Served, alert_id: str) -> None:
    problem = refused(served, "POST", f"/api/alerts/{alert_id}/acknowledge", 404, json={})
    assert problem["code"] == "unknown_alert"


def test_an_event_that_is_no_alert_is_none(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(daily(symbol, "5", 0))
    price = served.events(f"symbols={symbol}&channels=prices")[0]
    problem = refused(served, "POST", f"/api/alerts/{price['msg_id']}/acknowledge", 404, json={})
    assert problem["code"] == "unknown_alert"


@pytest.mark.parametrize(
    ("body", "path"),
    [({"by": "a b"}, "by"), ({"note": "n" * 501}, "note"), ({"who": "ann"}, "who"), ([], "")],
)
def test_a_bad_acknowledgement_is_refused_by_its_path(served: Served, body: Any, path: str) -> None:
    alert = fired(served)
    url = f"/api/alerts/{alert['alert_id']}/acknowledge"
    problem = refused(served, "POST", url, 422, json=body)
    assert [detail["path"] for detail in problem["details"]] == [path]


def test_a_late_price_raises_no_alert(served: Served) -> None:
    symbol = new_symbol()
    served.post(RULES, above(symbol))
    served.post_prices(daily(symbol, "90", 0), daily(symbol, "91", 5))
    served.post_prices(daily(symbol, "500", 3), daily(symbol, "600", 0))
    assert alerts_of(served, symbol) == []


def test_rules_and_what_they_remember_survive_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        first.post(RULES, above("SPX", hysteresis="0.1"))
        assert first.http.delete(f"{RULES}/drawdown").status_code == 200
        first.post_prices(daily("SPX", "100", 0), daily("SPX", "95", 1))
        assert len(alerts_of(first, "SPX")) == 1
        rules = in_force(first)
        assert "drawdown" not in rules
    with serving(tmp_path) as again:
        assert in_force(again) == rules
        again.post_prices(daily("SPX", "101", 2))
        assert len(alerts_of(again, "SPX")) == 1
        again.post_prices(daily("SPX", "90", 3), daily("SPX", "100", 4))
        assert len(alerts_of(again, "SPX")) == 2


def test_a_built_in_rule_that_was_changed_is_no_longer_built_in(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.post(RULES, {"rule_id": "drawdown", "kind": "drawdown", "threshold": "0.05"})
        changed = in_force(served)["drawdown"]
        assert (changed["threshold"], changed["built_in"]) == ("0.05", False)
        served.post_prices(daily("SPX", "100", 0), daily("SPX", "95", 1))
        assert [alert["rule_id"] for alert in alerts_of(served, "SPX")] == ["drawdown"]
