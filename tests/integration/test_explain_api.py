"""`GET /api/explain`: why a regime, and how far from another, at any moment."""

# covers: app.api.explain, app.queries.explain, app.queries.reader, app.answers.explain

from pathlib import Path

import pytest

from app.answers.explain import Explanation
from app.market.detector.explain import BY_HAND, NO_REGIME, WARMING_UP
from app.queries.explain import PRICES_LOOKED_AT, price_text
from tests.integration.served import Json, Served, daily, day, new_symbol, serving
from tests.unit.market.detector_runs import spx


def feed(served: Served, symbol: str, closes: list[float], first: int = 0) -> Json:
    prices = [daily(symbol, f"{close:.2f}", first + number) for number, close in enumerate(closes)]
    return served.post_prices(*prices)


def test_a_regime_is_told_with_its_scores_and_the_close_that_flips_it(served: Served) -> None:
    symbol, closes = new_symbol(), spx(300)
    feed(served, symbol, closes)
    told = served.get(f"/api/explain?symbol={symbol}")
    entry = served.get(f"/api/state?symbol={symbol}")["symbols"][symbol]
    shown = ("regime", "confidence", "warming_up", "detector")
    assert {key: told[key] for key in shown} == {key: entry[key] for key in shown}
    assert (told["explained"], told["reason"]) == (True, None)
    assert [score["name"] for score in told["scores"]] == ["bear", "crash", "side"]
    for score in told["scores"]:
        for term in score["terms"]:
            assert term["contribution"] == pytest.approx(term["weight"] * term["value"])
    nearest = told["nearest"]
    assert nearest == told["flips"][0]
    assert nearest["distance"] == pytest.approx(nearest["threshold"] - nearest["value"])
    assert float(nearest["price"]) == pytest.approx(
        float(entry["price"]) * (1 + nearest["change"]), rel=1e-5
    )
    # And it does: a close somewhat beyond it is that regime.
    beyond = closes[-1] * (1 + nearest["change"] * 1.1)
    feed(served, symbol, [beyond], 300)
    assert served.get(f"/api/explain?symbol={symbol}")["regime"] == nearest["to"]


def test_every_answer_is_as_the_contract_says(served: Served) -> None:
    symbol = new_symbol()
    feed(served, symbol, spx(300))
    served.post_prices(daily(symbol, "5.00", 299))
    path = f"/api/explain?symbol={symbol}"
    for at in ("0", day(0), day(10), day(299), "head"):
        Explanation.model_validate_json(served.http.get(f"{path}&at={at}").content)
    named = served.get("/openapi.json")["paths"]["/api/explain"]["get"]["responses"]["200"]
    assert named["content"]["application/json"]["schema"]["$ref"].endswith("/Explanation")


def test_the_past_is_explained_as_it_was(served: Served) -> None:
    symbol, closes = new_symbol(), spx(310)
    feed(served, symbol, closes[:300])
    then = served.get(f"/api/explain?symbol={symbol}")
    position = then["position"]
    feed(served, symbol, closes[300:], 300)
    assert served.get(f"/api/explain?symbol={symbol}&at={position}") == then
    timed = served.get(f"/api/explain?symbol={symbol}&at={day(299)}")
    assert {**timed, "position": position} == then
    assert served.get(f"/api/explain?symbol={symbol}&at=head")["flips"] != then["flips"]


def test_a_symbol_that_is_not_there_yet_is_no_error(served: Served) -> None:
    told = served.get(f"/api/explain?symbol={new_symbol()}&at=0")
    assert (told["regime"], told["explained"], told["reason"]) == (None, False, NO_REGIME)
    assert (told["scores"], told["flips"], told["nearest"]) == ([], [], None)


def test_what_was_set_by_hand_and_what_warms_up_say_so(served: Served) -> None:
    symbol = new_symbol()
    feed(served, symbol, spx(5))
    assert served.get(f"/api/explain?symbol={symbol}")["reason"] == WARMING_UP
    served.post("/api/broadcast/regime", {"symbol": symbol, "regime": "CRASH"})
    told = served.get(f"/api/explain?symbol={symbol}")
    assert (told["regime"], told["reason"], told["explained"]) == ("CRASH", BY_HAND, False)


def test_of_ticks_the_last_close_is_that_of_the_last_bar(tmp_path: Path) -> None:
    with serving(tmp_path, bar_s=60) as served:
        closes = spx(300)
        ticks: list[Json] = []
        for number, close in enumerate(closes):
            at = f"2020-01-01T{number // 60:02}:{number % 60:02}:30Z"
            ticks.append({"symbol": "SIM", "price": f"{close:.2f}", "timestamp": at})
        served.post_prices(*ticks)
        # The newest tick lies in the open bar: the regime is of the bar before.
        told = served.get("/api/explain?symbol=SIM")
        nearest = told["nearest"]
        assert float(nearest["price"]) == pytest.approx(
            round(closes[-2], 2) * (1 + nearest["change"]), rel=1e-5
        )


def test_a_close_that_many_late_prices_hide_is_not_guessed(served: Served) -> None:
    symbol = new_symbol()
    feed(served, symbol, spx(300), PRICES_LOOKED_AT)
    late = [daily(symbol, "5.00", number) for number in range(PRICES_LOOKED_AT)]
    served.post_prices(*late)
    told = served.get(f"/api/explain?symbol={symbol}")
    assert told["nearest"]["change"] is not None
    assert told["nearest"]["price"] is None


def test_a_correction_of_the_last_close_moves_no_flip(served: Served) -> None:
    """The detector goes on from the close that it was told."""
    symbol, closes = new_symbol(), spx(300)
    feed(served, symbol, closes)
    flips = served.get(f"/api/explain?symbol={symbol}")["flips"]
    assert flips[0]["price"] is not None
    served.post_prices(daily(symbol, "5.00", 299))
    served.post_prices(daily(symbol, "6.00", 299))
    assert served.get(f"/api/state?symbol={symbol}")["symbols"][symbol]["price"] == "6.00"
    assert served.get(f"/api/explain?symbol={symbol}")["flips"] == flips


def test_a_price_that_is_known_about_is_a_decimal_string() -> None:
    assert [price_text(price) for price in (1187.4123, 0.0000123456789, 12345678.9)] == [
        "1187.41",
        "0.0000123457",
        "12345700",
    ]


@pytest.mark.parametrize(
    ("query", "status", "code", "path"),
    [
        ("at=0", 422, "invalid_request", "symbol"),
        ("symbol=%20", 422, "invalid_request", "symbol"),
        ("symbol=X&at=yesterday", 422, "invalid_request", "at"),
        ("symbol=X&at=9007199254740991", 409, "position_beyond_head", None),
        ("symbol=X&position=1", 422, "invalid_request", "position"),
    ],
)
def test_a_bad_question_is_refused_by_name(
    served: Served, query: str, status: int, code: str, path: str | None
) -> None:
    answer = served.http.get(f"/api/explain?{query}")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert [detail["path"] for detail in problem["details"]] == ([] if path is None else [path])
