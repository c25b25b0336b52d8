"""`GET /api/events`: every filter, both orders, pages without a gap, the socket's own text."""

# covers: app.api.events, app.api.params

import pytest
from websockets.asyncio.client import connect

from tests.integration.served import (
    Json,
    Served,
    daily,
    day,
    new_symbol,
    receive_text,
    subscribe,
)


@pytest.fixture(scope="module")
def symbol(served: Served) -> str:
    """A symbol with prices, regimes, an alert and a trade."""
    name = new_symbol("E")
    served.post_prices(*(daily(name, f"{50 + number}", number) for number in range(6)))
    alert = {"symbol": name, "price": "1", "message": "look", "timestamp": day(3)}
    served.post("/api/broadcast/price-alert", alert)
    trade = {"symbol": name, "side": "buy", "quantity": "1", "price": "2", "timestamp": day(4)}
    served.post("/api/broadcast/trade", trade)
    return name


def positions(events: list[Json]) -> list[int]:
    return [event["position"] for event in events]


def test_the_log_is_dense_and_so_is_every_stream(served: Served, symbol: str) -> None:
    events = served.events()
    assert positions(events) == list(range(1, len(events) + 1))
    versions: dict[str, list[int]] = {}
    for event in events:
        versions.setdefault(event["stream"], []).append(event["version"])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    assert f"prices:{symbol}" in versions


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_put_together_are_the_log(served: Served, symbol: str, limit: int) -> None:
    log = served.events(f"symbols={symbol}")
    got: list[Json] = []
    after = log[0]["position"] - 1
    while True:
        page = served.get(f"/api/events?symbols={symbol}&limit={limit}&after={after}")
        got += page["events"]
        assert len(page["events"]) <= limit
        if page["next_after"] == after:
            break
        after = page["next_after"]
    assert got == log
    assert after == page["head"]


def test_falling_pages_put_together_are_the_log_backwards(served: Served, symbol: str) -> None:
    query = f"/api/events?symbols={symbol}&channels=prices,regime&order=desc&limit=5"
    page = served.get(query)
    got = page["events"]
    while page["next_before"] is not None:
        page = served.get(f"{query}&before={page['next_before']}")
        got += page["events"]
    assert (
        positions(got) == positions(served.events(f"symbols={symbol}&channels=prices,regime"))[::-1]
    )


def test_filters_narrow_the_answer(served: Served, symbol: str) -> None:
    mine = served.events(f"symbols={symbol}&channels=prices,regime,price_alerts")
    assert {event["payload"]["symbol"] for event in mine} == {symbol}
    prices = [event for event in mine if event["type"] == "price_update"]
    assert served.events(f"symbols={symbol}&channels=prices") == prices
    assert served.events(f"symbols={symbol}&types=price_update") == prices
    both = served.events(f"symbols={symbol}&types=price_update&types=price_alert")
    assert both == [event for event in mine if event["type"] in {"price_update", "price_alert"}]
    at_third = served.events(f"symbols={symbol}&channels=prices&since={day(2)}&until={day(2)}")
    assert [event["payload"]["price"] for event in at_third] == ["52"]
    first, last = prices[0]["position"], prices[-1]["position"]
    between = served.events(f"symbols={symbol}&channels=prices&before={last}")
    assert positions(between) == positions(prices)[:-1]
    after = served.get(f"/api/events?symbols={symbol}&channels=prices&after={first}")
    assert after["events"] == prices[1:]


def test_symbols_do_not_narrow_trades(served: Served, symbol: str) -> None:
    trades = served.events("channels=trades&symbols=NEVER.SEEN")
    assert symbol in {event["payload"]["symbol"] for event in trades}


def test_unknown_symbols_and_an_empty_list_find_nothing(served: Served) -> None:
    assert served.events("symbols=NEVER.SEEN&channels=prices") == []
    assert served.events("channels=") == []


def test_after_beyond_the_head_is_an_empty_page(served: Served, symbol: str) -> None:
    page = served.get(f"/api/events?after={10**15}")
    assert page["events"] == []
    assert page["next_after"] == 10**15
    assert page["head"] < 10**15
    assert served.get("/api/events?before=0")["events"] == []


async def test_the_text_is_the_sockets_own(served: Served, symbol: str) -> None:
    query = f"/api/events?symbols={symbol}&channels=prices&limit=1000"
    page = served.http.get(query).text
    async with connect(served.socket_url) as socket:
        await socket.send(subscribe("prices", symbols=[symbol], history="all"))
        assert '"subscription_confirmed"' in await receive_text(socket)
        texts = [await receive_text(socket) for _ in range(6)]
    assert page.startswith('{"events":[' + ",".join(texts) + '],"epoch":"')


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("after=-1", "after"),
        ("before=x", "before"),
        ("since=2020-01-01", "since"),
        ("until=yesterday", "until"),
        ("order=sideways", "order"),
        ("format=xml", "format"),
        ("channels=regime,regimes", "channels"),
        ("types=price_updates", "types"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(served: Served, query: str, path: str) -> None:
    answer = served.http.get(f"/api/events?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [detail["path"] for detail in answer.json()["details"]] == [path]
    assert path in answer.json()["detail"]
