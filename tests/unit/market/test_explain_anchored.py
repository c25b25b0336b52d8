"""What the anchored detector's explainer finds from public features, held against the detector itself."""

from functools import cache
from itertools import product

import pytest

from app.feeds.samples import SAMPLES
from app.market.detector import constants as c
from app.market.detector.anchored import ANCHORED, AnchoredState, logistic, next_regime
from app.market.detector.base import Reading
from app.market.detector.explain_anchored import EXPLAINER
from app.market.detector.explain_base import Flip
from events.catalog import Regime
from tests.unit.market.detector_runs import run, spx

MARGIN = 0.0025
"""How far beyond and before a found close the detector is asked, as a share of the last close."""

RIGHT_SHARE = 0.95
EVERY = 10

Case = tuple[AnchoredState, float, Reading, Flip]
CALM = {
    "trend": 0.3,
    "t50": 0.1,
    "dv": -0.1,
    "m126": 0.4,
    "high21": -0.05,
    "low42": 0.3,
    "vol": 0.16,
}


@cache
def cases(symbol: str, *, told: bool = True) -> list[Case]:
    """Every flip of every so many bars of an index; `told`: whether the explainer hears how many bars there are."""
    state, found = ANCHORED.initial(), list[Case]()
    for number, bar in enumerate(SAMPLES[symbol].bars(), 1):
        close = float(bar.price)
        state, reading = ANCHORED.step(state, close)
        if not reading.warming_up and number % EVERY == 0:
            flips = EXPLAINER.flips(reading.regime, reading.features, number if told else None)
            found += [(state, close, reading, flip) for flip in flips]
    return found


def at(case: Case, beyond: float) -> Regime:
    """What the detector says at a close so far beyond the one that was found, away from the last."""
    state, close, _, flip = case
    assert flip.change is not None
    away = beyond if flip.change >= 0 else -beyond
    return ANCHORED.step(state, close * (1 + flip.change + away))[1].regime


def is_right(case: Case) -> bool:
    flip = case[3]
    return at(case, MARGIN) is flip.to and at(case, -MARGIN) is not flip.to


@pytest.mark.parametrize("symbol", ["SPX", "IXIC"])
def test_the_detector_flips_just_beyond_the_close_and_not_just_before(symbol: str) -> None:
    found = [case for case in cases(symbol) if case[3].change is not None]
    right = sum(map(is_right, found))
    assert len(found) > 1_000
    assert right >= RIGHT_SHARE * len(found), f"{right} of {len(found)}"


@pytest.mark.parametrize("symbol", ["SPX", "IXIC"])
def test_where_no_close_is_found_the_detector_has_none_either(symbol: str) -> None:
    none = [case for case in cases(symbol) if case[3].change is None]
    asked = [
        ANCHORED.step(state, close * (1 + change / 100))[1].regime is flip.to
        for state, close, _, flip in none
        for change in range(-40, 41, 4)
    ]
    assert len(asked) > 1_000
    assert sum(asked) <= (1 - RIGHT_SHARE) * len(asked)


def test_the_number_of_bars_makes_the_first_years_exact() -> None:
    early = {
        told: [
            is_right(case)
            for case in cases("SPX", told=told)
            if case[0].bars < 1_091 and case[3].change is not None
        ]
        for told in (True, False)
    }
    assert sum(early[True]) > 0.85 * len(early[True])
    assert sum(early[False]) < 0.7 * len(early[False])


def test_every_regime_that_a_step_may_lead_to_is_listed_and_no_other() -> None:
    shares = [share / 20 for share in range(21)]
    for regime in Regime:
        led_to = {
            next_regime(regime, max(bear, crash), crash, side)
            for bear, crash, side in product(shares, repeat=3)
        }
        listed = [flip.to for flip in EXPLAINER.flips(regime, CALM, None)]
        assert set(listed) == led_to - {regime}
        assert len(listed) == len(set(listed))


def test_the_terms_and_the_bias_make_the_score() -> None:
    _, readings = run(ANCHORED, spx(600))
    for reading in readings[::50]:
        for score in EXPLAINER.scores(reading.features):
            total = score.bias + sum(term.contribution for term in score.terms)
            assert score.value == pytest.approx(logistic(total))


def test_a_term_of_side_is_not_in_units_of_volatility() -> None:
    side = EXPLAINER.scores({**CALM, "t50": -0.1})[2]
    assert [(term.feature, term.value) for term in side.terms] == [
        ("t50", 0.1 * 0.16),
        ("low42", 0.3 * 0.16),
    ]


def test_a_flip_names_the_score_its_limit_and_the_way_there() -> None:
    flips = {flip.to: flip for flip in EXPLAINER.flips(Regime.BULL, CALM, None)}
    crash = flips[Regime.CRASH]
    assert (crash.score, crash.threshold, crash.direction) == (
        "crash",
        c.LIMITS.crash_enter,
        "above",
    )
    assert crash.distance == c.LIMITS.crash_enter - crash.value > 0
    assert crash.change is not None
    assert -0.4 < crash.change < -0.05
    # A fall that ends in BEAR is smaller, and it is the crash score that brings it, not that of bears.
    bear = flips[Regime.BEAR]
    assert bear.change is not None
    assert crash.change < bear.change < 0
    assert (bear.score, bear.threshold) == ("crash", c.LIMITS.off_enter)


def test_what_is_met_already_is_not_named_as_missing() -> None:
    risen = {**CALM, "trend": 2.0, "t50": 0.01, "low42": 0.01, "high21": 0.0}
    flips = {flip.to: flip for flip in EXPLAINER.flips(Regime.BEAR, risen, None)}
    # Risk-off is over whatever comes: BEAR lasts one bar after a crash. The score of SIDEWAYS decides.
    assert (flips[Regime.BULL].score, flips[Regime.BULL].direction) == ("side", "below")
    assert flips[Regime.SIDEWAYS].change == 0.0


def test_a_regime_hangs_on_its_own_scores() -> None:
    assert EXPLAINER.deciding(Regime.BEAR, Regime.CRASH) == {"crash"}
    assert EXPLAINER.deciding(Regime.CRASH, Regime.BULL) == {"bear", "crash"}
    assert EXPLAINER.deciding(Regime.SIDEWAYS, Regime.BULL) == {"side"}
    assert EXPLAINER.deciding(Regime.BULL, Regime.BULL) == {"bear", "crash", "side"}
