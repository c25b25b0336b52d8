"""`POST /api/trades`: counted once, marked at once, all or nothing; and what is refused."""

# covers: app.api.trades, app.market.portfolio_refusals

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.api.trades import TRADES_PER_REQUEST_MAX
from app.market.portfolio_refusals import NOTIONAL_MAX, PORTFOLIOS_MAX
from tests.integration.served import Json, Served, daily, day, new_symbol, serving


def new_portfolio() -> str:
    return f"p-{uuid4().hex[:10]}"


def priced(served: Served, price: str = "100") -> str:
    """A symbol with one recorded price."""
    symbol = new_symbol()
    served.post_prices(daily(symbol, price, 0))
    return symbol


def execution(symbol: str, portfolio: str, trade_id: str = "t-1", **more: Any) -> Json:
    """Ten bought at 100, on the second day."""
    usual = {"side": "buy", "quantity": "10", "price": "100", "timestamp": day(1)}
    return {"trade_id": trade_id, "portfolio_id": portfolio, "symbol": symbol, **usual, **more}


def post(served: Served, *trades: Json, **headers: str) -> Json:
    return served.post("/api/trades", {"trades": list(trades)}, **headers)


def refusal(served: Served, *trades: Json) -> tuple[int, str]:
    """The status and code of a request that must be refused and record nothing."""
    head = served.head()
    answer = served.http.post("/api/trades", json={"trades": list(trades)})
    assert answer.headers["content-type"] == "application/problem+json"
    assert served.head() == head
    return answer.status_code, answer.json()["code"]


def recorded(served: Served, portfolio: str, channel: str = "trades") -> list[Json]:
    events = served.events(f"channels={channel}")
    return [each for each in events if each["payload"]["portfolio_id"] == portfolio]


def last_mark(served: Served, portfolio: str) -> Json:
    return dict(recorded(served, portfolio, "portfolio")[-1]["payload"])


def test_a_trade_is_recorded_and_its_portfolio_marked(served: Served) -> None:
    symbol, portfolio = priced(served, "110"), new_portfolio()
    head = served.head()
    answer = post(served, execution(symbol, portfolio, fees="1.5"))
    assert answer == {"positions": [head + 1, head + 2], "events": 2, "duplicates": 0}
    (trade,) = recorded(served, portfolio)
    assert (trade["type"], trade["source"], trade["version"]) == ("trade_execution", "api", 1)
    assert trade["stream"] == f"trades:{portfolio}"
    assert trade["payload"]["reason"] is None
    assert trade["payload"]["status"] == "filled"
    mark = last_mark(served, portfolio)
    assert (mark["total_value"], mark["cash"], mark["pnl"]) == ("100098.5", "98998.5", "98.5")
    assert mark["benchmark_pnl_pct"] is None
    (held,) = mark["positions"]
    assert (held["quantity"], held["average_price"], held["unrealised_pnl"]) == ("10", "100", "100")
    assert served.get("/api/state")["portfolios"][portfolio]["total_value"] == "100098.5"


def test_many_trades_are_one_append_and_one_mark(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    trades = [execution(symbol, portfolio, f"t-{number}") for number in range(20)]
    answer = post(served, *trades)
    assert answer["events"] == 21
    assert last_mark(served, portfolio)["positions"][0]["quantity"] == "200"
    (mark,) = recorded(served, portfolio, "portfolio")
    assert mark["position"] == answer["positions"][1]


def test_a_position_may_go_short_through_zero_and_be_closed(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    post(served, execution(symbol, portfolio, "a"))
    post(served, execution(symbol, portfolio, "b", side="sell", quantity="25", price="110"))
    (held,) = last_mark(served, portfolio)["positions"]
    assert (held["quantity"], held["average_price"]) == ("-15", "110")
    post(served, execution(symbol, portfolio, "c", quantity="15", price="90"))
    mark = last_mark(served, portfolio)
    # 10 x 10 on the long side, 15 x 20 on the short one.
    assert (mark["positions"], mark["pnl"], mark["exposure"]) == ([], "400", 0.0)


def test_a_bar_marks_the_portfolios_that_hold_its_symbol(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    post(served, execution(symbol, portfolio))
    served.post_prices(daily(symbol, "130", 2))
    mark = last_mark(served, portfolio)
    assert (mark["total_value"], mark["daily_pnl"]) == ("100300", "300")


def test_the_same_trade_again_is_a_duplicate(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    trade = execution(symbol, portfolio)
    post(served, trade)
    assert post(served, trade) == {"positions": None, "events": 0, "duplicates": 1}
    more = post(served, trade, execution(symbol, portfolio, "t-2"))
    assert (more["events"], more["duplicates"]) == (2, 1)
    assert last_mark(served, portfolio)["positions"][0]["quantity"] == "20"


def test_the_same_trade_twice_in_one_request_counts_once(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    trade = execution(symbol, portfolio)
    answer = post(served, trade, trade)
    assert (answer["events"], answer["duplicates"]) == (2, 1)
    assert last_mark(served, portfolio)["positions"][0]["quantity"] == "10"
    served.post_prices(daily(symbol, "100", 2))
    assert last_mark(served, portfolio)["positions"][0]["quantity"] == "10"


def test_the_same_id_with_other_content_is_refused(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    post(served, execution(symbol, portfolio))
    other = execution(symbol, portfolio, quantity="11")
    assert refusal(served, other) == (409, "duplicate_event")
    twice = [execution(symbol, portfolio, "t-2"), execution(symbol, portfolio, "t-2", fees="1")]
    assert refusal(served, *twice) == (409, "duplicate_event")
    assert len(recorded(served, portfolio)) == 1


def test_the_same_id_in_another_portfolio_is_another_trade(served: Served) -> None:
    symbol, first, second = priced(served), new_portfolio(), new_portfolio()
    answer = post(served, execution(symbol, first), execution(symbol, second))
    assert (answer["events"], answer["duplicates"]) == (4, 0)


def test_the_same_key_and_body_get_the_first_answer(served: Served) -> None:
    symbol, portfolio, key = priced(served), new_portfolio(), uuid4().hex
    headers = {"Idempotency-Key": key}
    first = post(served, execution(symbol, portfolio), **headers)
    post(served, execution(symbol, portfolio, "t-2"))
    assert post(served, execution(symbol, portfolio), **headers) == first
    body = {"trades": [execution(symbol, portfolio, "t-3")]}
    other = served.http.post("/api/trades", json=body, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert len(recorded(served, portfolio)) == 2


def test_a_rejected_trade_is_recorded_and_changes_no_position(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    post(served, execution(symbol, portfolio))
    post(served, execution(symbol, portfolio, "t-2", status="rejected", quantity="0"))
    assert [each["payload"]["status"] for each in recorded(served, portfolio)] == [
        "filled",
        "rejected",
    ]
    assert last_mark(served, portfolio)["positions"][0]["quantity"] == "10"


def test_an_unknown_symbol_refuses_its_whole_request(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    trades = execution(symbol, portfolio, "a"), execution(new_symbol(), portfolio, "b")
    assert refusal(served, *trades) == (422, "unknown_symbol")


def test_a_trade_from_the_far_future_is_refused(served: Served) -> None:
    symbol = priced(served)
    far = execution(symbol, new_portfolio(), timestamp="9999-12-31T23:59:59Z")
    assert refusal(served, far) == (422, "timestamp_in_the_future")


def test_a_trade_beyond_the_largest_is_refused(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    limit = str(NOTIONAL_MAX)
    too_large = execution(symbol, portfolio, quantity=limit, price="1.01")
    assert refusal(served, too_large) == (422, "trade_too_large")
    fees = execution(symbol, portfolio, fees=f"{limit}.01")
    assert refusal(served, fees) == (422, "trade_too_large")
    assert post(served, execution(symbol, portfolio, quantity=limit, price="1"))["events"] >= 1


def test_a_portfolio_that_is_traded_on_paper_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, paper="main=*") as served:
        rising = [daily("SPX", f"{100 * 1.001**number:.4f}", number) for number in range(320)]
        served.post_prices(*rising)
        (trade, *_) = recorded(served, "main")
        assert trade["source"] == "paper"
        assert trade["payload"]["reason"]["rule"] == "paper:follow_regime"
        assert refusal(served, execution("SPX", "main")) == (409, "paper_portfolio")
        assert post(served, execution("SPX", "mine"))["events"] == 2


def test_the_paper_trader_is_off_where_trades_came_from_outside(tmp_path: Path) -> None:
    with serving(tmp_path, paper="main=*") as served:
        rising = [daily("SPX", f"{100 * 1.001**number:.4f}", number) for number in range(320)]
        served.post_prices(rising[0])
        assert post(served, execution("SPX", "main"))["events"] == 2
        served.post_prices(*rising[1:])
        assert [each["source"] for each in recorded(served, "main")] == ["api"]


def test_portfolios_are_limited(tmp_path: Path) -> None:
    with serving(tmp_path, paper="off") as served:
        served.post_prices(daily("SPX", "100", 0))
        post(served, *(execution("SPX", f"p{number}") for number in range(PORTFOLIOS_MAX)))
        assert refusal(served, execution("SPX", "more")) == (422, "too_many_portfolios")
        assert post(served, execution("SPX", "p7", "t-2"))["events"] == 2


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "0", "status": "partial"}, "quantity"),
        ({"quantity": 10}, "quantity"),
        ({"price": "0"}, "price"),
        ({"price": "1e3"}, "price"),
        ({"fees": "-0.01"}, "fees"),
        ({"side": "short"}, "side"),
        ({"status": "open"}, "status"),
        ({"trade_id": ""}, "trade_id"),
        ({"trade_id": "a b"}, "trade_id"),
        ({"portfolio_id": "x" * 65}, "portfolio_id"),
        ({"symbol": "🚀"}, "symbol"),
        ({"timestamp": "2020-01-01T21:00:00"}, "timestamp"),
        ({"reason": None}, "reason"),
    ],
)
def test_bad_input_is_refused_by_its_path(served: Served, changes: Json, path: str) -> None:
    head = served.head()
    body = {"trades": [{**execution("BAD.TABLE", "bad"), **changes}]}
    answer = served.http.post("/api/trades", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [detail["path"] for detail in answer.json()["details"]] == [f"trades.0.{path}"]
    assert served.head() == head


@pytest.mark.parametrize("field", ["trade_id", "symbol", "side", "quantity", "price", "timestamp"])
def test_a_missing_field_is_named(served: Served, field: str) -> None:
    whole = execution("BAD.TABLE", "bad")
    left = {name: value for name, value in whole.items() if name != field}
    answer = served.http.post("/api/trades", json={"trades": [left]})
    assert [detail["path"] for detail in answer.json()["details"]] == [f"trades.0.{field}"]


def test_a_thousand_trades_fit_into_one_request_and_no_more(served: Served) -> None:
    symbol, portfolio = priced(served), new_portfolio()
    trades = [execution(symbol, portfolio, f"t-{n}") for n in range(TRADES_PER_REQUEST_MAX + 1)]
    assert post(served, *trades[:-1])["events"] == TRADES_PER_REQUEST_MAX + 1
    assert refusal(served, *trades) == (422, "invalid_request")
    assert refusal(served) == (422, "invalid_request")


def test_trades_need_the_write_token(served: Served) -> None:
    body = {"trades": [execution("SPX", "main")]}
    answer = served.http.post("/api/trades", json=body, headers={"Authorization": "Bearer no"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
