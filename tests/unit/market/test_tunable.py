"""Detectors with other constants: what they say, how they are told apart, and what is refused."""

# covers: app.market.detector.registry, app.market.detector.tunable

import re

import pytest

from app.market.detector.base import REGIMES
from app.market.detector.registry import NAMES, constants, detector, variant
from app.market.detector.tunable import WrongConstant
from events.scalars import LABEL_PATTERN
from tests.unit.market.detector_runs import restarted, run, spx

BULL, BEAR, CRASH, _ = REGIMES


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("anchored", {"off_enter": 0.35}),
        ("anchored", {"warm_up_bars": 10}),
        ("sma200", {"band": 0.05}),
        ("sma200", {"average_bars": 50, "band": 0.0}),
        ("jump", {"penalty": 20}),
        ("jump", {"warm_up_bars": 10}),
    ],
)
def test_a_variant_says_so_in_its_stamp_and_restarts_like_any_detector(
    name: str, values: dict[str, float]
) -> None:
    made, frozen = variant(name, values), detector(name)
    assert (made.name, made.version) == (name, f"{frozen.version}-variant")
    assert re.fullmatch(LABEL_PATTERN, made.version)
    assert re.fullmatch(r"[0-9a-f]{16}", made.constants_hash)
    assert made.constants_hash != frozen.constants_hash
    assert made.constants_hash == variant(name, values).constants_hash
    state, readings = run(made, spx(600))
    assert readings != run(frozen, spx(600))[1]
    again = restarted(made, state)
    assert made.step(again, 1000.0) == made.step(state, 1000.0)


def test_every_other_value_has_a_hash_of_its_own() -> None:
    made = [variant("sma200", {"band": band}) for band in (0.01, 0.02, 0.04)]
    made.append(variant("sma200", {"band": 0.04, "average_bars": 100}))
    assert len({each.constants_hash for each in made}) == len(made)


@pytest.mark.parametrize("name", NAMES)
def test_with_every_constant_as_it_is_frozen_it_is_the_detector_itself(name: str) -> None:
    frozen = {each.name: each.default for each in constants(name)}
    assert variant(name, frozen) is detector(name)
    assert variant(name, {}) is detector(name)


def test_the_limits_do_what_they_say() -> None:
    closes = spx(1200)
    _, usual = run(detector("anchored"), closes)
    _, eager = run(variant("anchored", {"off_enter": 0.3, "off_leave": 0.1}), closes)
    _, deaf = run(variant("anchored", {"off_enter": 1.0, "crash_enter": 1.0}), closes)
    bears = [sum(reading.regime is BEAR for reading in each) for each in (deaf, usual, eager)]
    assert bears == sorted(bears)
    assert bears[0] == 0 < bears[1] < bears[2]
    assert [each.probabilities for each in eager] == [each.probabilities for each in usual]


def test_the_warm_up_changes_nothing_but_itself() -> None:
    _, readings = run(variant("anchored", {"warm_up_bars": 5}), spx(300))
    _, usual = run(detector("anchored"), spx(300))
    assert [each.warming_up for each in readings] == [True] * 5 + [False] * 295
    assert [each.regime for each in readings] == [each.regime for each in usual]


def test_the_average_and_its_band_do_what_they_say() -> None:
    short = variant("sma200", {"average_bars": 3, "band": 0.0})
    _, readings = run(short, [100.0, 101.0, 102.0, 100.0, 100.9, 101.0])
    assert [each.regime for each in readings] == [BULL, BULL, BULL, BEAR, BEAR, BULL]
    assert [each.warming_up for each in readings] == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("name", "values", "line"),
    [
        (
            "sma200",
            {"bond": 1},
            r"no constant 'bond'; it has average_bars \(200; 2 to 2520\), band \(0.03; 0 to 0.5\)\.$",
        ),
        ("hmm", {"states": 2}, r"^The detector 'hmm' has no constant 'states'; it has none that"),
        ("anchored", {"off_enter": 1.5}, r"^off_enter must be a number from 0 to 1, not 1.5 \(its"),
        ("anchored", {"off_enter": float("nan")}, r"^off_enter must be a number from 0 to 1, not"),
        ("sma200", {"average_bars": 2.5}, r"^average_bars must be a whole number from 2 to 2520"),
        ("sma200", {"average_bars": 2521}, r"^average_bars must be a whole number from 2 to 2520"),
        ("sma200", {"band": float("inf")}, r"^band must be a number from 0 to 0.5, not inf"),
        ("anchored", {"off_leave": 0.7}, r"^off_leave \(0.7\) must not be above off_enter \(0.5\)"),
        ("anchored", {"crash_enter": 0.3}, r"^crash_leave \(0.4\) must not be above crash_enter"),
        ("jump", {"penalty": -1}, r"^penalty must be a number from 0 to 10000, not -1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    name: str, values: dict[str, float], line: str
) -> None:
    with pytest.raises(WrongConstant, match=line) as caught:
        variant(name, values)
    assert "\n" not in str(caught.value)


def test_an_unknown_detector_has_no_variant() -> None:
    with pytest.raises(ValueError, match="No detector is called 'gut'"):
        variant("gut", {})


@pytest.mark.parametrize("name", NAMES)
def test_every_constant_says_what_it_does(name: str) -> None:
    for each in constants(name):
        assert each.low <= each.default <= each.high
        assert each.meaning
        assert each.checked(each.default) == each.default
