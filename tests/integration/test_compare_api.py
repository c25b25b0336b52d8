"""`GET /api/compare`: two moments side by side."""

# covers: app.api.compare, app.queries.compare, app.answers.compare

from pathlib import Path

import pytest

from app.answers.compare import Comparison
from tests.integration.served import Served, daily, day, new_symbol, serving
from tests.unit.market.builders import falling


def test_a_fall_is_told_by_what_changed_and_what_did_it(tmp_path: Path) -> None:
    with serving(tmp_path, paper="main=SPX") as served:
        prices = falling()
        served.post_prices(*(daily("SPX", price, number) for number, price in enumerate(prices)))
        shifts = [
            event
            for event in served.events("channels=regime")
            if event["payload"]["previous_regime"] not in {None, event["payload"]["regime"]}
        ]
        first = shifts[0]["position"] - 2
        found = served.get(f"/api/compare?a={first}&symbol=SPX")
        states = {
            side: served.get(f"/api/state?position={found[side]['position']}") for side in "ab"
        }
        for side, state in states.items():
            as_of = state["as_of"]["occurred_at"]
            expected = {
                "position": state["position"],
                "at": as_of,
                "state_hash": state["state_hash"],
            }
            assert found[side] == expected
            entry = state["symbols"]["SPX"]
            assert found["symbols"]["SPX"][side] == {
                key: entry[key] for key in found["symbols"]["SPX"][side]
            }
        assert found["a"]["position"] == first
        assert found["b"]["position"] == served.head()
        spx = found["symbols"]["SPX"]
        assert {"regime", "price", "features"} <= set(spx["changed"])
        assert spx["price_change"] < 0
        assert spx["drivers"]
        events = served.events(f"after={first}")
        kinds = [event["type"] for event in events]
        assert found["counts"] == {
            "events": len(events),
            "shifts": len(shifts),
            "alerts": kinds.count("price_alert"),
            "trades": kinds.count("trade_execution"),
        }
        assert found["counts"]["trades"] > 0
        assert "main" in found["portfolios"]

        turned = served.get(f"/api/compare?a=head&b={first}&symbol=SPX")
        assert turned["counts"] == found["counts"]
        assert (turned["a"], turned["b"]) == (found["b"], found["a"])
        assert turned["symbols"]["SPX"]["price_change"] > 0


def test_every_answer_is_as_the_contract_says(tmp_path: Path) -> None:
    with serving(tmp_path, paper="main=SPX") as served:
        # One symbol has a price and no regime: its first bar of bare ticks is open.
        served.post_prices({"symbol": "TICK", "price": "1", "timestamp": day(0)})
        prices = falling()
        served.post_prices(*(daily("SPX", price, number) for number, price in enumerate(prices)))
        served.post("/api/broadcast/regime", {"symbol": "SPX", "regime": "CRASH"})
        for query in (
            "a=0",
            "a=head&b=0",
            "a=1",
            f"a={day(9)}",
            "a=5&symbol=SPX",
            "a=5&symbol=NOPE",
        ):
            answer = served.http.get(f"/api/compare?{query}")
            Comparison.model_validate_json(answer.content)
        named = served.get("/openapi.json")["paths"]["/api/compare"]["get"]["responses"]["200"]
        assert named["content"]["application/json"]["schema"]["$ref"].endswith("/Comparison")


def test_a_moment_may_be_a_market_time(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{10 + number}", number) for number in range(3)))
    found = served.get(f"/api/compare?a={day(0)}&b={day(1)}&symbol={symbol}")
    assert list(found["symbols"]) == [symbol]
    one = found["symbols"][symbol]
    assert (one["a"]["price"], one["b"]["price"]) == ("10", "11")
    assert one["price_change"] == pytest.approx(0.1)


def test_before_its_first_price_a_symbol_is_null(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(daily(symbol, "10", 0))
    found = served.get(f"/api/compare?a=0&symbol={symbol}")
    assert found["symbols"][symbol]["a"] is None
    assert found["a"]["at"] is None
    assert found["counts"]["events"] == found["b"]["position"]


@pytest.mark.parametrize(
    ("query", "status", "code", "path"),
    [
        ("b=0", 422, "invalid_request", "a"),
        ("a=9007199254740991", 409, "position_beyond_head", None),
        ("a=2008-10", 422, "invalid_request", "a"),
        ("a=0&b=-1", 422, "invalid_request", "b"),
        ("a=0&symbol=%20", 422, "invalid_request", "symbol"),
    ],
)
def test_a_bad_question_is_refused_by_name(
    served: Served, query: str, status: int, code: str, path: str | None
) -> None:
    answer = served.http.get(f"/api/compare?{query}")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert [detail["path"] for detail in problem["details"]] == ([] if path is None else [path])
