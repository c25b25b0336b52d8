from app.answers.explain import Explanation, Flip
from app.terminal.likelier import likelier, why_it_holds
from events.catalog import DetectorStamp, Regime

BULL, BEAR, CRASH, SIDEWAYS = Regime.BULL, Regime.BEAR, Regime.CRASH, Regime.SIDEWAYS


def explained(regime: Regime, *flips: Flip) -> Explanation:
    return Explanation(
        epoch="e",
        position=1,
        symbol="SPX",
        regime=regime,
        confidence=0.08,
        warming_up=False,
        detector=DetectorStamp(name="anchored", version="2", constants_hash="80"),
        explained=True,
        reason=None,
        scores=[],
        flips=list(flips),
        nearest=None,
    )


def flip(to: Regime) -> Flip:
    return Flip(
        to=to,
        score="crash",
        value=0.52,
        threshold=0.6,
        direction="above",
        distance=0.08,
        price=None,
        change=None,
    )


PROBABLE = {BULL: 0.2, BEAR: 0.08, CRASH: 0.52, SIDEWAYS: 0.2}


def test_only_another_regime_that_is_more_probable_is_told() -> None:
    assert likelier(BEAR, PROBABLE) is CRASH
    assert likelier(CRASH, PROBABLE) is None
    assert likelier(BEAR, {BEAR: 0.5, BULL: 0.5}) is None
    assert likelier(BEAR, None) is None
    assert likelier(None, PROBABLE) is None
    assert why_it_holds(explained(CRASH, flip(BEAR)), PROBABLE) is None


def test_it_is_told_what_the_more_probable_one_would_need() -> None:
    told = why_it_holds(explained(BEAR, flip(CRASH)), PROBABLE)
    assert told == (
        "⚠ CRASH is more probable (52 %), but needs crash above 0.60 (now 0.520): a regime is left"
        " at a lower score than it is entered (hysteresis)."
    )


def test_what_one_bar_does_not_lead_to_is_told_so() -> None:
    told = why_it_holds(explained(BEAR, flip(BULL)), PROBABLE)
    assert told is not None
    assert "no bar leads there from ▼ BEAR at once" in told


def test_without_limits_nothing_is_said_of_them() -> None:
    told = why_it_holds(explained(BEAR), PROBABLE)
    assert told is not None
    assert told.startswith("⚠ CRASH is more probable (52 %): a regime is left")


def test_of_what_nobody_can_explain_nothing_is_said() -> None:
    by_hand = explained(BEAR).model_copy(update={"explained": False})
    assert why_it_holds(by_hand, PROBABLE) is None
