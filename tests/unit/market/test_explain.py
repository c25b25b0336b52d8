"""Which regimes can be explained, and what is said of those that cannot."""

# covers: app.market.detector.explain, app.market.detector.explain_base

from typing import Any

import pytest

from app.market.detector import explain as module
from app.market.detector.anchored import ANCHORED
from app.market.detector.explain import Explanation, explain
from app.market.detector.registry import NAMES, UNEXPLAINED, detector, explainer
from app.market.detector.sma200 import SMA200
from tests.unit.market.detector_runs import run, spx

STAMP = {
    "name": ANCHORED.name,
    "version": ANCHORED.version,
    "constants_hash": ANCHORED.constants_hash,
}


def entry(bars: int = 400, **other: Any) -> dict[str, Any]:
    """A symbol's entry in the public state after so many bars."""
    reading = run(ANCHORED, spx(bars))[1][-1]
    return {
        "regime": reading.regime.value,
        "features": dict(reading.features),
        "warming_up": reading.warming_up,
        "detector": STAMP,
        "source": "import",
        **other,
    }


def test_a_reading_is_explained_with_the_nearest_flip_first() -> None:
    told = explain(entry(), 400)
    assert (told.explained, told.reason) == (True, None)
    assert [score.name for score in told.scores] == ["bear", "crash", "side"]
    far = [abs(flip.change) for flip in told.flips if flip.change is not None]
    assert far == sorted(far) != []
    assert [flip.change for flip in told.flips[len(far) :]] == [None] * (len(told.flips) - len(far))


def test_while_it_warms_up_there_are_scores_and_no_flips() -> None:
    told = explain(entry(100))
    assert told.explained
    assert told.reason == module.WARMING_UP
    assert len(told.scores) == 3
    assert told.flips == ()


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"regime": None}, module.NO_REGIME),
        ({"source": "manual"}, module.BY_HAND),
        ({"detector": {**STAMP, "version": "1"}}, "said by anchored 1 .*explains 2 "),
        ({"detector": {**STAMP, "constants_hash": "00"}}, r"said by anchored 2 \(00\)"),
        ({"detector": {**STAMP, "name": "hmm"}}, "whole paths of returns"),
        ({"detector": {**STAMP, "name": "jump"}}, "whole paths of features"),
        ({"detector": {**STAMP, "name": "gut"}}, "cannot explain the detector 'gut'"),
        ({"features": {"trend": 1.0, "dv": 0.0}}, "without high21, low42, m126, t50, vol"),
        ({"features": dict.fromkeys(entry()["features"], 1e6)}, "none that a bar can have"),
    ],
)
def test_what_cannot_be_explained_says_why(other: dict[str, Any], reason: str) -> None:
    told = explain(entry(**other))
    assert told == Explanation(False, told.reason)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(told.reason)


def test_no_entry_is_told_too() -> None:
    assert explain(None) == Explanation(False, module.NO_REGIME)


def test_every_detector_is_explained_or_says_why_not() -> None:
    for name in NAMES:
        found = explainer(name)
        assert (found is None) == (name in UNEXPLAINED)
        if found is not None:
            known = detector(name)
            assert (found.name, found.version) == (known.name, known.version)
            assert found.constants_hash == known.constants_hash


def test_an_explainer_needs_no_feature_that_its_detector_does_not_send() -> None:
    for known in (ANCHORED, SMA200):
        found = explainer(known.name)
        assert found is not None
        assert found.needs <= run(known, spx(3))[1][-1].features.keys()
