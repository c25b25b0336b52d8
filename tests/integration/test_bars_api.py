"""`GET /api/bars`: prices for charts, with corrections, regimes and downsampling."""

from tests.integration.served import Json, Served, daily, day, new_symbol


def bars_of(served: Served, symbol: str, query: str = "") -> list[Json]:
    answer = served.get(f"/api/bars?symbol={symbol}&{query}")
    assert answer["symbol"] == symbol
    return list(answer["bars"])


def test_bars_carry_the_regime_at_their_close(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{100 + number}", number) for number in range(5)))
    manual = {"symbol": symbol, "regime": "CRASH", "timestamp": day(2, "21:00:01")}
    served.post("/api/broadcast/regime", manual)
    bars = bars_of(served, symbol)
    assert [bar["close"] for bar in bars] == ["100", "101", "102", "103", "104"]
    assert {bar["regime"] for bar in bars[:3]} == {"BULL"}
    assert bars[0]["timestamp"] == "2020-01-01T21:00:00.000000Z"
    # The detector's own update of the next close comes after the hand-made one.
    assert bars[3]["regime"] == "BULL"


def test_a_corrected_bar_shows_its_newest_price(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{100 + number}", number) for number in range(3)))
    served.post_prices(daily(symbol, "7", 1))
    served.post_prices({**daily(symbol, "50", 1), "timestamp": day(0, "12:00:00")})
    assert [bar["close"] for bar in bars_of(served, symbol)] == ["50", "100", "7", "102"]


def test_more_bars_than_points_are_merged(served: Served) -> None:
    symbol = new_symbol()
    ranged = (
        daily(symbol, f"{n + 10}", n, open="10", high=f"{n + 20}", low=f"{n + 1}") for n in range(9)
    )
    served.post_prices(*ranged)
    bars = bars_of(served, symbol, "points=4")
    assert len(bars) == 3
    assert (bars[1]["open"], bars[1]["high"], bars[1]["low"]) == ("10", "25", "4")
    assert (bars[1]["close"], bars[1]["timestamp"]) == ("15", "2020-01-06T21:00:00.000000Z")
    assert len(bars_of(served, symbol, "points=9")) == 9
    assert len(bars_of(served, symbol, "points=1")) == 1


def test_times_are_inclusive(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{100 + number}", number) for number in range(5)))
    between = bars_of(served, symbol, f"since={day(1)}&until={day(3)}")
    assert [bar["close"] for bar in between] == ["101", "102", "103"]
    assert between[0]["regime"] == "BULL"
    assert bars_of(served, symbol, f"since={day(3)}&until={day(1)}") == []


def test_bars_are_those_that_the_log_held_at_a_position(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{100 + number}", number) for number in range(3)))
    head = served.head()
    first = served.get(f"/api/bars?symbol={symbol}")
    served.post("/api/broadcast/regime", {"symbol": symbol, "regime": "CRASH", "timestamp": day(2)})
    served.post_prices(daily(symbol, "7", 1), daily(symbol, "103", 3))
    then = served.get(f"/api/bars?symbol={symbol}&position={head}")
    assert then["bars"] == first["bars"]
    assert (first["position"], then["position"]) == (head, head)
    assert then["head"] == served.head() > head
    now = bars_of(served, symbol)
    assert [bar["close"] for bar in now] == ["100", "7", "102", "103"]
    assert now[2]["regime"] == "CRASH"
    assert bars_of(served, symbol, "position=0") == []


def test_an_unknown_symbol_has_no_bars(served: Served) -> None:
    assert bars_of(served, "NEVER.SEEN") == []


def test_a_bad_symbol_is_refused(served: Served) -> None:
    for query in ("", "symbol=", "symbol=%F0%9F%9A%80", "symbol=X&points=0", "symbol=X&since=1"):
        answer = served.http.get(f"/api/bars?{query}")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
