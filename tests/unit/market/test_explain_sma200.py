"""What the explainer of the 200-day average finds from the gap, held against the rule itself."""

import pytest

from app.feeds.samples import SAMPLES
from app.market.detector.explain_sma200 import EXPLAINER
from app.market.detector.sma200 import BAND, SMA200
from events.catalog import Regime

MARGIN = 0.0025
RIGHT_SHARE = 0.95


@pytest.mark.parametrize("symbol", ["SPX", "IXIC"])
def test_the_rule_flips_just_beyond_the_close_and_not_just_before(symbol: str) -> None:
    state, right = SMA200.initial(), list[bool]()
    for number, bar in enumerate(SAMPLES[symbol].bars(), 1):
        close = float(bar.price)
        state, reading = SMA200.step(state, close)
        if reading.warming_up or number % 10:
            continue
        (flip,) = EXPLAINER.flips(reading.regime, reading.features, number)
        assert flip.change is not None
        away = MARGIN if flip.direction == "above" else -MARGIN
        beyond, before = (
            SMA200.step(state, close * (1 + flip.change + side))[1].regime for side in (away, -away)
        )
        right.append(beyond is flip.to and before is reading.regime)
    assert len(right) > 400
    assert sum(right) >= RIGHT_SHARE * len(right), f"{sum(right)} of {len(right)}"


def test_bull_falls_below_the_band_and_bear_rises_above_it() -> None:
    (bull,) = EXPLAINER.flips(Regime.BULL, {"gap": 0.05}, None)
    (bear,) = EXPLAINER.flips(Regime.BEAR, {"gap": 0.0}, None)
    assert (bull.to, bull.threshold, bull.direction) == (Regime.BEAR, -BAND, "below")
    assert (bear.to, bear.threshold, bear.direction) == (Regime.BULL, BAND, "above")
    assert bull.distance == pytest.approx(-0.08)
    assert bear.change == pytest.approx(BAND, abs=0.001)


def test_the_gap_is_its_own_score() -> None:
    (score,) = EXPLAINER.scores({"gap": -0.04})
    assert (score.name, score.value, score.terms[0].contribution) == ("gap", -0.04, -0.04)
    assert EXPLAINER.deciding(Regime.BULL, Regime.BEAR) == {"gap"}
