"""Why a symbol has the regime that it has, and how far it is from another: from what is public of a reading.

The knowledge lies with each detector that brings an `Explainer`; here is what holds for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.market.detector.explain_base import Explainer, Flip, Score
from app.market.detector.registry import NAMES, UNEXPLAINED, explainer
from events.catalog import Regime

WARMING_UP = "the detector is warming up: no flip can be told before it has seen enough bars"
NO_REGIME = "no regime of this symbol is known at this moment"
BY_HAND = "this regime was set by hand"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons for a regime.

    Attributes:
        explained: whether there are any.
        reason: why there are none, or no flips, in words; None where nothing is missing.
        scores: those that the detector compares with its limits.
        flips: the regimes that the next bar may lead to, the nearest first, those out of reach last.
    """

    explained: bool
    reason: str | None = None
    scores: tuple[Score, ...] = ()
    flips: tuple[Flip, ...] = ()


def explain(entry: Mapping[str, Any] | None, bars: int | None = None) -> Explanation:
    """The reasons for a symbol's regime.

    While the detector warms up, its windows are not full and its averages move faster than they will: then
    there are scores and no flips.

    Args:
        entry: the symbol's in the public state; None if there is none.
        bars: how many bars the detector has seen, where that is known: without it, flips of the first years
            are less exact.
    """
    if entry is None or entry["regime"] is None:
        return Explanation(False, NO_REGIME)
    found = explainer_of(entry)
    if isinstance(found, str):
        return Explanation(False, found)
    features, regime = entry["features"], Regime(entry["regime"])
    scores = found.scores(features)
    try:
        flips = () if entry["warming_up"] else found.flips(regime, features, bars)
    except (ArithmeticError, ValueError):
        return Explanation(False, "its features are none that a bar can have")
    return Explanation(
        True,
        WARMING_UP if entry["warming_up"] else None,
        scores,
        tuple(sorted(flips, key=_how_far)),
    )


def explainer_of(entry: Mapping[str, Any]) -> Explainer | str:
    """Who explains the regime of an entry; or why nobody does, in words."""
    if entry["source"] == "manual":
        return BY_HAND
    stamp = entry["detector"]
    name = stamp["name"]
    found = explainer(name)
    if found is None:
        return UNEXPLAINED.get(name) or _unknown(name)
    if (stamp["version"], stamp["constants_hash"]) != (found.version, found.constants_hash):
        return (
            f"it was said by {name} {stamp['version']} ({stamp['constants_hash']}); "
            f"this program explains {found.version} ({found.constants_hash})"
        )
    missing = sorted(found.needs - entry["features"].keys())
    return f"it came without {', '.join(missing)}" if missing else found


def _unknown(name: str) -> str:
    return f"this program cannot explain the detector {name!r}; it knows {', '.join(NAMES)}"


def _how_far(flip: Flip) -> tuple[bool, float]:
    return flip.change is None, abs(flip.change or 0.0)
