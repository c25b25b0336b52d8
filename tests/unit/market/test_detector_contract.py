"""What every detector owes, whatever it computes."""

# covers: app.market.detector.base, app.market.detector.registry

import math
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market.detector import hmm
from app.market.detector.base import REGIMES, Detector, Reading
from app.market.detector.registry import NAMES, detector
from events.scalars import LABEL_PATTERN
from tests.unit.market.detector_runs import restarted, run, spx

CLOSES = st.lists(st.floats(1e-12, 1e15), min_size=1, max_size=40)
BARS = 520
"""Two fits of the hidden Markov model lie in so many."""
HARD: dict[str, list[float]] = {
    "constant": [100.0] * BARS,
    "tiny": [1e-12] * BARS,
    "huge": [1e15] * BARS,
    "jumps": [100.0 * 1.1 ** (k % 2) for k in range(BARS)],
    "falls": [1e15 * 0.9**k for k in range(BARS)],
    "rises": [1e-12 * 1.1**k for k in range(BARS)],
    "ends": [1e-12 if k % 2 else 1e15 for k in range(BARS)],
    "one shock": [100.0] * 300 + [1e-12] + [100.0] * (BARS - 301),
    "calm, then a shock": [100.0 + (k % 2) * 1e-9 for k in range(300)] + [1e15] * (BARS - 300),
    "almost constant": [100.0 + (k % 3) * 1e-13 for k in range(BARS)],
}


@pytest.fixture(params=NAMES)
def which(request: pytest.FixtureRequest) -> Detector[Any]:
    return detector(request.param)


@pytest.fixture
def early_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    set_early_fits(monkeypatch)


def set_early_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the hidden Markov model fit within short series."""
    monkeypatch.setattr(hmm, "RETURNS_FIRST", 5)
    monkeypatch.setattr(hmm, "RETURNS_MAX", 12)
    monkeypatch.setattr(hmm, "REFIT_BARS", 7)


def sound(readings: Sequence[Reading]) -> bool:
    """Whether each reading can go out on the wire, and means what its fields say."""
    return all(
        math.isclose(sum(reading.probabilities), 1, abs_tol=1e-9)
        and all(0 <= p <= 1 for p in reading.probabilities)
        and reading.confidence == reading.probabilities[REGIMES.index(reading.regime)]
        and all(math.isfinite(value) for value in reading.features.values())
        and all(re.fullmatch(LABEL_PATTERN, name) for name in reading.features)
        for reading in readings
    )


def test_readings_are_sound_on_a_real_index(which: Detector[Any]) -> None:
    _, readings = run(which, spx(BARS))
    assert sound(readings)
    assert readings[0].warming_up
    assert not readings[-1].warming_up


@pytest.mark.parametrize("series", HARD)
def test_hard_prices_give_sound_readings(which: Detector[Any], series: str) -> None:
    _, readings = run(which, HARD[series])
    assert sound(readings)


@pytest.mark.parametrize("name", NAMES)
@given(closes=CLOSES)
def test_any_prices_give_sound_readings(name: str, closes: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        set_early_fits(patch)
        assert sound(run(detector(name), closes)[1])


@pytest.mark.parametrize("name", NAMES)
@given(past=CLOSES, future=CLOSES)
def test_a_reading_does_not_depend_on_later_bars(
    name: str, past: list[float], future: list[float]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        set_early_fits(patch)
        which = detector(name)
        assert run(which, past + future)[1][: len(past)] == run(which, past)[1]


def test_a_restart_at_any_bar_changes_no_bit(which: Detector[Any]) -> None:
    closes = spx(BARS)
    state = again = which.initial()
    for close in closes:
        again = restarted(which, again)
        assert again == state
        state, reading = which.step(state, close)
        again, same = which.step(again, close)
        assert repr(same) == repr(reading)


def test_a_state_is_immutable_and_stepping_leaves_it_alone(which: Detector[Any]) -> None:
    state, _ = run(which, spx(300))
    before = which.dump(state)
    hash(state)
    assert which.step(state, 1.0)[0] != which.step(state, 1e6)[0]
    assert which.dump(state) == before


@pytest.mark.usefixtures("early_fits")
def test_what_is_no_state_is_refused(which: Detector[Any]) -> None:
    state, _ = run(which, spx(30))
    dumped = which.dump(state)
    for key in dumped:
        with pytest.raises(
            ValueError, match=r"not a state of|could not convert|not a valid|invalid"
        ):
            which.load({**dumped, key: {"x": "y"}})
        with pytest.raises(ValueError, match="not a state of"):
            which.load({name: value for name, value in dumped.items() if name != key})


def test_names_versions_and_hashes_can_be_told_apart(which: Detector[Any]) -> None:
    assert which.name in NAMES
    assert re.fullmatch(r"\d+", which.version)
    assert re.fullmatch(r"[0-9a-f]{16}", which.constants_hash)
    others = [detector(name) for name in NAMES if name != which.name]
    assert which.constants_hash not in {other.constants_hash for other in others}
