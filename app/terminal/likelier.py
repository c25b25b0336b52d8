"""Why a regime holds although another one is more probable: it is left at a lower score than it is entered."""

from collections.abc import Mapping

from app.answers.explain import Explanation
from app.terminal.figures import plain, share
from app.terminal.look import word
from events.catalog import Regime

Probabilities = Mapping[Regime, float]


def likelier(regime: Regime | None, probabilities: Probabilities | None) -> Regime | None:
    """The most probable regime, if it is not the one that holds."""
    if regime is None or not probabilities:
        return None
    most = max(probabilities, key=lambda each: probabilities[each])
    return most if probabilities[most] > probabilities.get(regime, 0.0) else None


def why_it_holds(explanation: Explanation, probabilities: Probabilities | None) -> str | None:
    """One line; None where the regime is the most probable one, or nobody can explain it."""
    other, regime = likelier(explanation.regime, probabilities), explanation.regime
    if other is None or probabilities is None or not explanation.explained:
        return None
    told = f"{word(other)} is more probable ({share(probabilities[other])})"
    flip = next((each for each in explanation.flips if each.to is other), None)
    if flip is None and explanation.flips:
        told += f", but no bar leads there from {word(regime)} at once"
    elif flip is not None:
        now = f"now {plain(flip.value, 3)}"
        told += f", but needs {flip.score} {flip.direction} {plain(flip.threshold, 2)} ({now})"
    return f"{told}: a regime is left at a lower score than it is entered (hysteresis)."
