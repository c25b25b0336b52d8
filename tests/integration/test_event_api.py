"""`GET /api/events/{ref}`: one event, where it comes from and what came of it."""

# covers: app.api.event, app.queries.event, app.api.events

from pathlib import Path

import pytest

from tests.integration.served import Json, Served, daily, new_symbol, serving
from tests.unit.market.builders import falling


def test_an_event_is_found_by_id_and_by_position(served: Served) -> None:
    symbol = new_symbol()
    first = served.post_prices(daily(symbol, "5", 0))["positions"][0]
    (price, *_) = served.events(f"symbols={symbol}&channels=prices")
    by_position = served.get(f"/api/events/{first}")
    assert by_position == served.get(f"/api/events/{price['msg_id']}")
    assert by_position["event"] == price
    assert by_position["schema_version"] == 1
    assert len(bytes.fromhex(by_position["hash"])) == 32
    assert by_position["correlation_id"] == price["msg_id"]
    assert (by_position["causation_id"], by_position["causes"]) == (None, [])
    assert [effect["type"] for effect in by_position["effects"]] == ["regime_update"]


def test_a_shift_leads_back_to_its_price_and_on_to_its_alert_and_its_paper_trade(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, paper="main=SPX") as served:
        served.post_prices(*(daily("SPX", price, day) for day, price in enumerate(falling())))
        trade = served.events("channels=trades")[-1]
        shift, price = served.get(f"/api/events/{trade['msg_id']}")["causes"]
        assert shift["payload"]["regime"] == trade["payload"]["reason"]["regime"]
        assert price["occurred_at"] == shift["occurred_at"] < trade["occurred_at"]
        effects = served.get(f"/api/events/{shift['position']}")["effects"]
        assert [effect["type"] for effect in effects] == ["price_alert", "trade_execution"]
        assert effects[1] == trade


@pytest.mark.parametrize("ref", ["0", "999999999999999", "nobody", "5b5948ad-a065-5dad-96ea-0"])
def test_what_is_not_there_is_told(served: Served, ref: str) -> None:
    answer = served.http.get(f"/api/events/{ref}")
    problem: Json = answer.json()
    assert (answer.status_code, problem["code"]) == (404, "unknown_event")
