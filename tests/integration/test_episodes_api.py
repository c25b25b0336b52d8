"""`GET /api/episodes` and `GET /api/transitions` over a real log, now and as of a position."""

# covers: app.api.episodes, app.queries.episodes, app.answers.episodes, app.market.episodes
# covers: app.analysis.transitions, app.api.answer

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.integration.served import Json, Served, daily, day, new_symbol, serving


def told(served: Served, query: str) -> list[Json]:
    return list(served.get(f"/api/episodes?{query}")["episodes"])


def crash(served: Served, symbol: str, regime: str = "CRASH") -> None:
    served.post("/api/broadcast/regime", {"symbol": symbol, "regime": regime, "confidence": 0.5})


@pytest.fixture
def symbol(served: Served) -> str:
    """Five daily bars, a crash made by hand after the third: BULL, CRASH, BULL."""
    name = new_symbol()
    served.post_prices(*(daily(name, price, k) for k, price in enumerate(("100", "110", "99"))))
    crash(served, name)
    served.post_prices(daily(name, "90", 3), daily(name, "108", 4))
    return name


def test_episodes_follow_one_another_without_a_gap(served: Served, symbol: str) -> None:
    answer = served.get(f"/api/episodes?symbol={symbol}")
    assert answer["position"] == answer["head"] == served.head()
    first, second, third = answer["episodes"]
    assert [each["regime"] for each in (first, second, third)] == ["BULL", "CRASH", "BULL"]
    assert [each["previous_regime"] for each in (first, second, third)] == [None, "BULL", "CRASH"]
    assert first["start"] == "2020-01-01T21:00:00.000000Z"
    assert first["end"] == second["start"] == "2020-01-03T21:00:00.000000Z"
    assert second["end"] == third["start"] == "2020-01-04T21:00:00.000000Z"
    assert first["end_position"] == second["position"]
    assert (first["bars"], second["bars"], third["bars"]) == (3, 0, 2)
    assert (first["start_price"], first["end_price"]) == ("100", "99")
    assert first["return"] == pytest.approx(-0.01)
    assert first["maximum_drawdown"] == pytest.approx(-0.1)
    assert first["volatility"] > 0
    assert (second["source"], second["mean_confidence"]) == ("manual", 0.5)
    assert (third["end"], third["end_position"], third["end_price"]) == (None, None, "108")
    assert third["warming_up"] is True


def test_an_episode_that_lasts_has_the_newest_price(served: Served, symbol: str) -> None:
    tick = {"symbol": symbol, "price": "216", "timestamp": day(4, "22:00:00")}
    served.post_prices(tick)
    assert told(served, f"symbol={symbol}")[-1]["end_price"] == "216"
    assert told(served, f"symbol={symbol}")[-1]["return"] == pytest.approx(1.4)


def test_episodes_are_told_as_of_a_position(served: Served, symbol: str) -> None:
    whole = told(served, f"symbol={symbol}")
    before = served.get(f"/api/episodes?symbol={symbol}&position={whole[1]['position'] - 1}")
    assert before["position"] == whole[1]["position"] - 1 < before["head"]
    [lasting] = before["episodes"]
    assert (lasting["regime"], lasting["end"], lasting["end_price"]) == ("BULL", None, "99")
    at_end = told(served, f"symbol={symbol}&position={whole[1]['position']}")
    assert [each["end"] for each in at_end] == [whole[0]["end"], None]
    assert at_end[0] == whole[0]
    assert told(served, f"symbol={symbol}&position=0") == []


def test_times_and_the_limit_choose(served: Served, symbol: str) -> None:
    whole = told(served, f"symbol={symbol}")
    assert told(served, f"symbol={symbol}&until={day(1)}") == whole[:1]
    assert told(served, f"symbol={symbol}&since={day(2, '21:00:01')}") == whole[1:]
    assert told(served, f"symbol={symbol}&limit=2") == whole[1:]
    assert told(served, f"symbol={symbol}&since={day(3)}&until={day(0)}") == []
    assert told(served, "symbol=NEVER.SEEN") == []


def test_episodes_of_all_symbols_come_oldest_first(served: Served, symbol: str) -> None:
    other = new_symbol()
    served.post_prices(daily(other, "5", 1))
    whole = told(served, "")
    assert {symbol, other} <= {each["symbol"] for each in whole}
    assert whole == sorted(whole, key=lambda each: (each["start"], each["position"]))
    assert told(served, "limit=1") == whole[-1:]


def test_transitions_are_counted_by_symbol(served: Served, symbol: str) -> None:
    answer = served.get(f"/api/transitions?symbol={symbol}")
    assert answer["position"] == answer["head"]
    told = answer["symbols"][symbol]
    assert told["counts"]["BULL"] == {"BEAR": 0, "CRASH": 1, "SIDEWAYS": 0}
    assert told["probabilities"]["CRASH"] == {"BULL": 1.0, "BEAR": 0.0, "SIDEWAYS": 0.0}
    assert told["probabilities"]["BEAR"]["BULL"] is None
    assert told["episodes"] == {"BULL": 2, "BEAR": 0, "CRASH": 1, "SIDEWAYS": 0}
    assert told["mean_duration_s"]["BULL"] == 2 * 86_400
    assert (told["mean_bars"]["BULL"], told["mean_bars"]["CRASH"]) == (3.0, 0.0)
    early = served.get(f"/api/transitions?symbol={symbol}&until={day(1)}")["symbols"][symbol]
    assert early["counts"]["BULL"]["CRASH"] == 0
    assert list(served.get("/api/transitions?position=0")["symbols"]) == []
    assert symbol in served.get("/api/transitions")["symbols"]


def test_answers_fit_the_published_schema(served: Served, symbol: str) -> None:
    document = served.get("/openapi.json")
    for path in ("/api/episodes", "/api/transitions"):
        answers = document["paths"][path]["get"]["responses"]
        schema = answers["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(
            served.get(path)
        )
        assert "409" in answers
        assert document["paths"][path]["get"]["tags"] == ["analysis"]
    shown = document["components"]["schemas"]["Episode"]
    assert {"return", "volatility", "maximum_drawdown"} <= set(shown["required"])


@pytest.mark.parametrize("path", ["/api/episodes", "/api/transitions", "/api/bars"])
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("position=9007199254740991", 409, "position_beyond_head"),
        ("position=-1", 422, "invalid_request"),
        ("since=yesterday", 422, "invalid_request"),
        ("regime=BULL", 422, "invalid_request"),
    ],
)
def test_bad_questions_are_refused(
    served: Served, path: str, query: str, status: int, code: str
) -> None:
    answer = served.http.get(f"{path}?symbol=SPX&{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("query", ["limit=0", "limit=10001", "symbol=%20"])
def test_limits_are_named(served: Served, query: str) -> None:
    assert served.http.get(f"/api/episodes?{query}").status_code == 422


def test_they_are_the_same_after_a_start_and_their_progress_is_told(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.post_prices(*(daily("SPX", f"{100 + k % 9}", k) for k in range(40)))
        crash(served, "SPX")
        served.post_prices(daily("SPX", "50", 41))
        before, moment = served.get("/api/episodes"), served.get("/api/episodes?position=60")
    with serving(tmp_path) as served:
        assert served.get("/api/episodes") == before
        assert served.get("/api/episodes?position=60") == moment
        ready = served.get("/readyz")["projections"]["episodes"]
        assert (ready["phase"], ready["position"]) == ("live", before["head"])
