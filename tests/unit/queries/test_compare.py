"""Two states side by side: what changed, by how much, and which features did it."""

# covers: app.analysis.compare, app.queries.compare

from math import log
from typing import Any

import pytest

from app.analysis.compare import DRIVERS_MAX, SHOWN, compare
from app.market.detector.anchored import ANCHORED, score
from app.market.episodes import Episode
from app.queries.compare import shifts_between
from app.queries.episode_pages import EPISODES_KNOWN

STAMP = {
    "name": ANCHORED.name,
    "version": ANCHORED.version,
    "constants_hash": ANCHORED.constants_hash,
}
CALM = {
    "trend": 0.3,
    "t50": 0.1,
    "dv": -0.1,
    "m126": 0.4,
    "high21": -0.05,
    "low42": 0.3,
    "vol": 0.16,
}
FALLEN = {**CALM, "trend": -0.5, "t50": -0.9, "dv": 0.9, "high21": -1.6, "low42": 0.0, "vol": 0.2}


def entry(regime: str, features: dict[str, float], **other: Any) -> dict[str, Any]:
    return {
        **dict.fromkeys(SHOWN),
        "regime": regime,
        "features": features,
        "price": "100",
        "detector": STAMP,
        "source": "import",
        **other,
    }


def state(**symbols: Any) -> dict[str, Any]:
    return {"symbols": symbols, "portfolios": {}}


def compared(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return dict(compare(state(SPX=a), state(SPX=b))["symbols"]["SPX"])


def test_what_differs_is_named_and_the_price_is_measured() -> None:
    found = compared(entry("BULL", CALM), entry("CRASH", FALLEN, price="80.0"))
    assert found["changed"] == ["regime", "price", "features"]
    assert found["price_change"] == pytest.approx(-0.2)
    assert found["a"] == {key: entry("BULL", CALM)[key] for key in SHOWN}
    same = compared(entry("BULL", CALM), entry("BULL", CALM))
    assert (same["changed"], same["drivers"]) == ([], [])


def test_contributions_add_up_to_the_change_of_each_score() -> None:
    def sums(features: dict[str, float]) -> dict[str, float]:
        values = zip(("bear", "crash", "side"), score(features), strict=True)
        return {name: log(value / (1 - value)) for name, value in values}

    found = compared(entry("BULL", CALM), entry("CRASH", FALLEN))["features"]
    before, after = sums(CALM), sums(FALLEN)
    for name in before:
        total = sum(row["contributions"].get(name, 0) for row in found)
        assert total == pytest.approx(after[name] - before[name])
    rows = {row["name"]: row for row in found}
    assert rows["vol"]["contributions"] == {}  # it enters through t50 and low42
    assert set(rows["dv"]["contributions"]) == {"bear", "crash"}
    assert rows["trend"]["change"] == pytest.approx(-0.8)


def test_the_largest_effect_comes_first() -> None:
    found = compared(entry("BULL", CALM), entry("CRASH", FALLEN))["features"]
    effects = [max(map(abs, row["contributions"].values()), default=0) for row in found]
    assert effects == sorted(effects, reverse=True)
    assert found[0]["name"] == "high21"


def test_drivers_are_those_of_the_scores_that_the_change_hangs_on() -> None:
    assert compared(entry("BULL", CALM), entry("BEAR", FALLEN))["drivers"] == [
        "high21",
        "dv",
        "trend",
    ]
    assert compared(entry("BEAR", CALM), entry("CRASH", FALLEN))["drivers"] == ["high21", "dv"]
    # The rally from the low ends a sideways market; that it calmed down has nothing to do with it.
    risen = {**CALM, "low42": 0.9, "dv": -2.0}
    assert compared(entry("SIDEWAYS", CALM), entry("BULL", risen))["drivers"] == ["low42"]


def test_a_feature_that_pulled_the_other_way_is_no_driver() -> None:
    torn = {**FALLEN, "dv": -0.5}
    assert compared(entry("BEAR", CALM), entry("CRASH", torn))["drivers"] == ["high21"]
    assert len(compared(entry("BULL", CALM), entry("BULL", FALLEN))["drivers"]) == DRIVERS_MAX


@pytest.mark.parametrize(
    "other",
    [
        {"source": "manual"},
        {"detector": {**STAMP, "version": "1"}},
        {"detector": {**STAMP, "name": "jump"}},
        {"regime": None},
        {"features": {"dv": 0.1}},
    ],
)
def test_what_cannot_be_explained_has_changes_and_no_drivers(other: dict[str, Any]) -> None:
    found = compared(entry("BULL", CALM), {**entry("CRASH", FALLEN), **other})
    assert found["drivers"] == []
    assert all(row["contributions"] == {} for row in found["features"])
    assert next(row for row in found["features"] if row["name"] == "dv")["change"] is not None


def test_who_is_known_in_one_state_only_is_null_in_the_other() -> None:
    found = compare(state(), state(SPX=entry("BULL", CALM), IXIC=entry("BULL", CALM)), "SPX")
    assert list(found["symbols"]) == ["SPX"]
    spx = found["symbols"]["SPX"]
    assert spx["a"] is None
    assert spx["price_change"] is None
    assert "regime" in spx["changed"]
    assert (spx["features"][0]["a"], spx["features"][0]["change"]) == (None, None)


def test_portfolios_are_measured_by_their_value() -> None:
    def worth(value: str) -> dict[str, Any]:
        held = {"total_value": value, "exposure": 0.5, "pnl_pct": 0.1, "cash": "1"}
        return {"symbols": {}, "portfolios": {"main": held, value: held}}

    found = compare(worth("200"), worth("150"))["portfolios"]
    assert list(found) == ["150", "200", "main"]
    assert found["main"]["value_change"] == pytest.approx(-0.25)
    assert found["main"]["a"] == {"total_value": "200", "exposure": 0.5, "pnl_pct": 0.1}
    assert (found["150"]["a"], found["150"]["value_change"]) == (None, None)
    assert compare(worth("0"), worth("150"))["portfolios"]["main"]["value_change"] is None


def ended(position: int, previous: str | None) -> Episode:
    return Episode(
        "BULL",
        previous,
        position,
        position + 1,
        0,
        1,
        None,
        None,
        1,
        None,
        None,
        None,
        0.5,
        False,
        "api",
    )


def test_shifts_are_the_episodes_that_began_in_between() -> None:
    known = [ended(1, None), ended(5, "BEAR"), ended(9, "BULL")]
    assert shifts_between({"SPX": known, "IXIC": known}, 0, 9) == 4
    assert shifts_between({"SPX": known}, 5, 8) == 0
    assert shifts_between({"SPX": known}, 4, 5) == 1


def test_shifts_before_those_that_are_known_are_not_counted() -> None:
    known = [ended(place, "BEAR") for place in range(1, EPISODES_KNOWN + 2)]
    assert shifts_between({"SPX": known}, 0, 50) is None
    assert shifts_between({"SPX": known}, 1, 50) == 49
