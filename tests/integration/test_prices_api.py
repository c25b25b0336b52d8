"""`POST /api/prices`: one or many, duplicates, late prices, idempotency, all or nothing."""

# covers: app.api.prices, app.api.problems

import json
from typing import Any
from uuid import uuid4

import pytest

from app.api.idempotency import KEY_MAX
from tests.integration.served import Json, Served, daily, day, new_symbol

GOOD = {"symbol": "BAD.TABLE", "price": "10", "timestamp": "2020-01-01T21:00:00Z"}


BAD_PRICES: list[Any] = [
    *("0", "-1", "-0", "NaN", "Infinity", "1e3", "1,5", " 1", "1\n", "+1", "01", "", "٣", "\ud800"),
    *("1" * 19, "0." + "1" * 13),
    *(1229.23, 5, None, True, [], {}),
]


def recorded(served: Served, symbol: str) -> list[Json]:
    return served.events(f"symbols={symbol}&channels=prices")


def test_one_price_is_recorded_with_what_it_causes(served: Served) -> None:
    symbol, head = new_symbol(), served.head()
    answer = served.post_prices(daily(symbol, "1229.23", 0))
    assert answer == {"positions": [head + 1, head + 2], "events": 2, "duplicates": 0}
    price, regime = served.events(f"symbols={symbol}&channels=prices,regime")
    assert (price["type"], price["source"], price["version"]) == ("price_update", "api", 1)
    assert price["payload"]["price"] == "1229.23"
    assert price["payload"]["corrects"] is None
    assert price["occurred_at"] == price["payload"]["timestamp"] == "2020-01-01T21:00:00.000000Z"
    assert regime["payload"]["previous_regime"] is None


def test_many_prices_of_several_symbols_are_one_append(served: Served) -> None:
    first, second, head = new_symbol(), new_symbol(), served.head()
    answer = served.post_prices(
        *(daily(symbol, "5.5", number) for number in range(20) for symbol in (first, second))
    )
    assert answer["positions"] == [head + 1, head + answer["events"]]
    assert served.head() == head + answer["events"]
    assert len(recorded(served, first)) == len(recorded(served, second)) == 20


def test_a_duplicate_is_dropped(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(daily(symbol, "5", 0), daily(symbol, "6", 1))
    again = served.post_prices(daily(symbol, "5.00", 0), daily(symbol, "6", 1))
    assert again == {"positions": None, "events": 0, "duplicates": 2}
    within = served.post_prices(daily(symbol, "7", 2), daily(symbol, "7", 2))
    assert within["duplicates"] == 1
    assert [event["payload"]["price"] for event in recorded(served, symbol)] == ["5", "6", "7"]


def test_a_late_price_is_recorded_and_changes_no_regime(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(daily(symbol, "5", 0), daily(symbol, "6", 5))
    regimes = served.events(f"symbols={symbol}&channels=regime")
    answer = served.post_prices(daily(symbol, "0.01", 3))
    # The price, and the notice of a correction.
    assert answer["events"] == 2
    late = recorded(served, symbol)[-1]
    assert (late["payload"]["price"], late["payload"]["corrects"]) == ("0.01", None)
    assert served.events(f"symbols={symbol}&channels=regime") == regimes


def test_a_correction_names_what_it_revises(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(daily(symbol, "5", 0), daily(symbol, "6", 1))
    served.post_prices(daily(symbol, "5.5", 0))
    served.post_prices(daily(symbol, "5.75", 0))
    first, _second, third, fourth = recorded(served, symbol)
    assert third["payload"]["corrects"] == first["msg_id"]
    assert fourth["payload"]["corrects"] == third["msg_id"]


def test_a_price_that_flips_back_is_a_duplicate_of_the_first(served: Served) -> None:
    symbol = new_symbol()
    flips = [served.post_prices(daily(symbol, price, 0)) for price in ("5", "6", "5", "6")]
    assert [answer["events"] for answer in flips] == [2, 2, 0, 0]
    assert [answer["duplicates"] for answer in flips] == [0, 0, 1, 1]
    assert [event["payload"]["price"] for event in recorded(served, symbol)] == ["5", "6"]
    # The detector goes on as if nothing had been said twice.
    served.post_prices(daily(symbol, "7", 1))
    assert [event["version"] for event in recorded(served, symbol)] == [1, 2, 3]


def test_many_corrections_in_one_request_name_what_they_revise(served: Served) -> None:
    symbol, count = new_symbol(), 60
    served.post_prices(*(daily(symbol, f"{10 + number}", number) for number in range(count)))
    answer = served.post_prices(*(daily(symbol, f"{90 - n}", n) for n in range(count)))
    assert (answer["events"], answer["duplicates"]) == (2 * (count - 1), 1)
    events = recorded(served, symbol)
    by_time = {event["occurred_at"]: event["msg_id"] for event in events[:count]}
    assert all(e["payload"]["corrects"] == by_time[e["occurred_at"]] for e in events[count:])


def test_the_same_key_and_body_get_the_first_answer(served: Served) -> None:
    symbol, key = new_symbol(), uuid4().hex
    body = {"prices": [daily(symbol, "5", 0), daily(symbol, "5", 0)]}
    first = served.post("/api/prices", body, **{"Idempotency-Key": key})
    assert (first["events"], first["duplicates"]) == (2, 1)
    served.post_prices(daily(symbol, "6", 1))
    assert served.post("/api/prices", body, **{"Idempotency-Key": key}) == first
    spaced = json.dumps(body, indent=2, sort_keys=True)
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    assert served.http.post("/api/prices", content=spaced, headers=headers).json() == first
    assert len(recorded(served, symbol)) == 2


def test_a_key_that_comes_with_another_body_is_refused(served: Served) -> None:
    symbol, key = new_symbol(), uuid4().hex
    headers = {"Idempotency-Key": key}
    served.post("/api/prices", {"prices": [daily(symbol, "5", 0)]}, **headers)
    other = {"prices": [daily(symbol, "6", 1)]}
    answer = served.http.post("/api/prices", json=other, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert len(recorded(served, symbol)) == 1
    long = served.http.post(
        "/api/prices", json=other, headers={"Idempotency-Key": "k" * (KEY_MAX + 1)}
    )
    assert long.json()["details"][0]["path"] == "idempotency-key"


def test_a_bad_price_in_the_middle_records_none(served: Served) -> None:
    symbol, head = new_symbol(), served.head()
    prices = [daily(symbol, "5", number) for number in range(5)]
    prices[3]["price"] = "-1"
    answer = served.http.post("/api/prices", json={"prices": prices})
    assert answer.status_code == 422
    assert [detail["path"] for detail in answer.json()["details"]] == ["prices.3.price"]
    assert served.head() == head


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("price", value) for value in BAD_PRICES],
        ("timestamp", "2020-01-01T21:00:00"),
        ("timestamp", "2020-01-01"),
        ("timestamp", "2020-13-01T00:00:00Z"),
        ("timestamp", "2020-01-01T23:59:60Z"),
        ("timestamp", "0001-01-01T00:00:00+23:59"),
        ("timestamp", "yesterday"),
        ("timestamp", 1577836800),
        ("symbol", ""),
        ("symbol", "A B"),
        ("symbol", "🚀"),
        ("symbol", "X" * 33),
        ("symbol", "X\n"),
        ("symbol", 5),
        ("bar_s", 0),
        ("bar_s", 60.5),
        ("bar_s", "60"),
        ("bar_s", True),
        ("bar_s", 10**30),
        ("volume", "-1"),
        ("volume", 100),
    ],
)
def test_bad_input_is_refused_by_its_path(served: Served, field: str, value: Any) -> None:
    refuse(served, {**GOOD, field: value}, [f"prices.0.{field}"])


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"open": "10", "high": "9", "low": "8"}, "high"),
        ({"open": "10", "high": "12", "low": "11"}, "low"),
        ({"open": "10"}, "high"),
        ({"open": "10", "high": "12"}, "low"),
        ({"when": "now"}, "when"),
    ],
)
def test_a_bar_that_contradicts_itself_is_refused(served: Served, changes: Json, path: str) -> None:
    assert f"prices.0.{path}" in refuse(served, {**GOOD, **changes})


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(served: Served, field: str) -> None:
    left = {name: value for name, value in GOOD.items() if name != field}
    refuse(served, left, [f"prices.0.{field}"])


def refuse(served: Served, price: Json, paths: list[str] | None = None) -> list[str]:
    head = served.head()
    body = json.dumps({"prices": [price]})
    headers = {"Content-Type": "application/json"}
    answer = served.http.post("/api/prices", content=body, headers=headers)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_request")
    assert answer.headers["content-type"] == "application/problem+json"
    found = [str(detail["path"]) for detail in problem["details"]]
    if paths is not None:
        assert found == paths
    assert served.head() == head
    return found


def test_the_first_moment_and_both_ends_of_money_are_recorded(served: Served) -> None:
    symbol = new_symbol()
    times = ("0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z")
    prices = ("0.000000000001", "999999999999999999.999999999999", "0.000000000001")
    ticks = [
        {"symbol": symbol, "price": price, "timestamp": time}
        for price, time in zip(prices, times, strict=True)
    ]
    served.post_prices(*ticks)
    events = recorded(served, symbol)
    assert [event["payload"]["price"] for event in events] == list(prices)
    assert events[0]["occurred_at"] == "0001-01-01T00:00:00.000000Z"
    assert (
        served.get(f"/api/state?symbol={symbol}&at={times[1]}")["symbols"][symbol]["price"]
        == (prices[1])
    )


def test_a_price_from_the_far_future_refuses_its_whole_request(served: Served) -> None:
    symbol, head = new_symbol(), served.head()
    far = {**daily(symbol, "6", 1), "timestamp": "9999-12-31T23:59:59.999999Z"}
    answer = served.http.post("/api/prices", json={"prices": [daily(symbol, "5", 0), far]})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "timestamp_in_the_future")
    assert f"price 2 ({symbol}) is dated 9999-12-31T23:59:59.999999Z" in problem["detail"]
    assert served.head() == head


def test_offsets_and_long_fractions_become_utc_with_six_digits(served: Served) -> None:
    symbol = new_symbol()
    at = "2020-01-01t23:00:00.123456789+02:00"
    served.post_prices({"symbol": symbol, "price": "1", "timestamp": at})
    assert recorded(served, symbol)[0]["occurred_at"] == "2020-01-01T21:00:00.123456Z"


def test_ten_thousand_prices_fit_into_one_request_and_no_more(served: Served) -> None:
    symbol = new_symbol()
    times = (f"{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(10_000))
    prices = [{"symbol": symbol, "price": "1", "timestamp": day(0, time)} for time in times]
    answer = served.post_prices(*prices)
    assert answer["events"] >= 10_000
    assert served.post_prices(*prices)["duplicates"] == 10_000
    too_many = served.http.post("/api/prices", json={"prices": [*prices, daily(symbol, "1", 9)]})
    assert too_many.status_code == 422
    assert [detail["path"] for detail in too_many.json()["details"]] == ["prices"]


def test_faults_without_number_are_told_in_part(served: Served) -> None:
    answer = served.http.post("/api/prices", json={"prices": [{}] * 300})
    assert answer.status_code == 422
    assert len(answer.json()["details"]) == 100
    answer = served.http.post("/api/prices", json={"prices": [{}] * 5_000})
    assert answer.status_code == 422
    assert [one["problem"] for one in answer.json()["details"]] == ["has 15000 faults"]
