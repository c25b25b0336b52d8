"""`GET /api/state`: now, at a position, at a market time, as it was known then."""

# covers: app.api.state, app.queries.state, app.api.services

import hashlib

import pytest
import rfc8785

from app.market.strategy import DISCLAIMER
from tests.integration.served import Json, Served, daily, day, new_symbol

PERSONAS = {
    "BULL": ("bull", "green, neon", "TO THE MOON! 🚀"),
    "BEAR": ("bear", "red", "Time to be careful 🐻"),
    "CRASH": ("panic", "red, pulsing", "SELL EVERYTHING! 🔥"),
    "SIDEWAYS": ("neutral", "standard", "Steady as she goes 😐"),
}


def recomputed_hash(state: Json) -> str:
    """The hash as the protocol describes it, from nothing but the answer."""
    left_out = ("state_hash", "as_of", "disclaimer")
    body = {key: value for key, value in state.items() if key not in left_out}
    body["symbols"] = {
        name: {key: value for key, value in entry.items() if key != "persona"}
        for name, entry in state["symbols"].items()
    }
    return hashlib.sha256(rfc8785.dumps(body)).hexdigest()


def price_of(served: Served, symbol: str, query: str = "") -> str | None:
    symbols = served.get(f"/api/state?symbol={symbol}&{query}")["symbols"]
    return str(symbols[symbol]["price"]) if symbol in symbols else None


def test_state_shows_the_price_and_the_regime_of_a_fed_symbol(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{100 + number}", number) for number in range(40)))
    state = served.get(f"/api/state?symbol={symbol}")
    entry = state["symbols"][symbol]
    assert list(state["symbols"]) == [symbol]
    assert (entry["price"], entry["regime"], entry["vibe"]) == ("139", "BULL", "bull")
    assert sum(entry["probabilities"].values()) == pytest.approx(1)
    assert entry["source"] == "api"
    assert state["disclaimer"] == DISCLAIMER


def test_hash_is_recomputed_from_the_answer(served: Served) -> None:
    served.post_prices(daily(new_symbol(), "1.50", 0))
    served.post("/api/broadcast/portfolio", {"total_value": "12.30", "exposure": 0.25})
    now = served.get("/api/state")
    assert recomputed_hash(now) == now["state_hash"]
    before = served.get(f"/api/state?position={now['position'] - 1}")
    assert recomputed_hash(before) == before["state_hash"] != now["state_hash"]


def test_two_readers_at_one_position_see_the_same_hash(served: Served) -> None:
    served.post_prices(daily(new_symbol(), "3", 0))
    now = served.get("/api/state")
    again = served.get("/api/state")
    folded = served.get(f"/api/state?position={now['position']}")
    assert now == again == folded


def test_a_narrowed_state_keeps_the_hash_of_the_whole(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(daily(symbol, "3", 0))
    whole, one = served.get("/api/state"), served.get(f"/api/state?symbol={symbol}")
    assert one["state_hash"] == whole["state_hash"]
    assert one["symbols"] == {symbol: whole["symbols"][symbol]}
    assert served.get("/api/state?symbol=NEVER.SEEN")["symbols"] == {}


@pytest.mark.parametrize("regime", PERSONAS)
def test_the_persona_speaks_for_every_regime(served: Served, regime: str) -> None:
    symbol = new_symbol()
    served.post("/api/broadcast/regime", {"symbol": symbol, "regime": regime})
    entry = served.get(f"/api/state?symbol={symbol}")["symbols"][symbol]
    vibe, look, line = PERSONAS[regime]
    assert entry["vibe"] == vibe
    assert entry["persona"] == {"name": "Big Pickle", "message": line, "look": look}


def test_the_state_at_a_position_is_what_it_was_then(served: Served) -> None:
    symbol = new_symbol()
    first = served.post_prices(daily(symbol, "10", 0))["positions"][0]
    then = served.get("/api/state")
    served.post_prices(daily(symbol, "11", 1))
    assert price_of(served, symbol, f"position={first - 1}") is None
    assert price_of(served, symbol, f"position={first}") == "10"
    assert served.get(f"/api/state?position={then['position']}") == then


def test_the_empty_log_has_a_state(served: Served) -> None:
    state = served.get("/api/state?position=0")
    assert state["symbols"] == state["portfolios"] == {}
    assert state["as_of"] == {"position": 0, "occurred_at": None, "recorded_at": None}


def test_market_time_looks_at_what_had_happened_by_then(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{10 + number}", number) for number in range(3)))
    assert price_of(served, symbol, f"at={day(0, '20:59:59')}") is None
    assert price_of(served, symbol, f"at={day(0)}") == "10"
    assert price_of(served, symbol, f"at={day(1)}") == "11"
    assert price_of(served, symbol, f"at={day(900)}") == "12"


def test_an_offset_may_stand_in_the_url_as_it_is(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(daily(symbol, "10", 0))
    for offset in ("+02:00", "%2B02:00", "-01:00", "Z"):
        hour = {"-": "20", "Z": "21"}.get(offset[0], "23")
        assert price_of(served, symbol, f"at=2020-01-01T{hour}:00:00{offset}") == "10"


def test_known_at_leaves_out_what_was_learnt_later(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{10 + number}", number) for number in range(3)))
    known_at = served.get("/api/state")["as_of"]["recorded_at"]
    served.post_prices(daily(symbol, "99", 1))
    assert price_of(served, symbol) == "12"
    assert price_of(served, symbol, f"at={day(1)}") == "99"
    assert price_of(served, symbol, f"at={day(1)}&known_at={known_at}") == "11"
    assert price_of(served, symbol, f"known_at={known_at}") == "12"


@pytest.mark.parametrize(
    ("query", "status", "code", "path"),
    [
        ("position=abc", 422, "invalid_request", "position"),
        ("position=-1", 422, "invalid_request", "position"),
        ("position=1e3", 422, "invalid_request", "position"),
        ("position=99999999999999999999", 422, "invalid_request", "position"),
        ("position=9007199254740991", 409, "position_beyond_head", None),
        ("position=0&at=2020-01-01T00:00:00Z", 422, "invalid_request", None),
        ("position=0&known_at=2020-01-01T00:00:00Z", 422, "invalid_request", None),
        ("at=2020-01-01", 422, "invalid_request", "at"),
        ("at=2020-01-01T00:00:00", 422, "invalid_request", "at"),
        ("at=1577836800", 422, "invalid_request", "at"),
        ("known_at=9999-12-31T23:59:59-01:00", 422, "invalid_request", "known_at"),
        (f"symbol={'X' * 33}", 422, "invalid_request", "symbol"),
    ],
)
def test_a_bad_question_is_refused_by_name(
    served: Served, query: str, status: int, code: str, path: str | None
) -> None:
    answer = served.http.get(f"/api/state?{query}")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [detail["path"] for detail in problem["details"]] == ([] if path is None else [path])
