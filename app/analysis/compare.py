"""Two moments side by side: what changed between two presented states, and which features did it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from app.market.detector.explain import explainer_of
from app.market.detector.explain_base import Explainer, Score
from events.catalog import Regime

SHOWN: Final = (
    "regime",
    "confidence",
    "probabilities",
    "price",
    "since",
    "features",
    "strategy_recommendation",
    "target_exposure",
    "detector",
)
"""What of a symbol is compared."""

SHOWN_OF_PORTFOLIO: Final = ("total_value", "exposure", "pnl_pct")
"""What of a portfolio is compared."""

DRIVERS_MAX: Final = 3
"""Features that are named as those that did it, at most."""

State = Mapping[str, Any]
Entry = Mapping[str, Any]
Contributions = dict[str, dict[str, float]]
"""What the change of each feature did to each score's sum: feature -> score -> difference."""


def compare(a: State, b: State, symbol: str | None = None) -> dict[str, Any]:
    """What changed from one presented state to the other; `symbol` narrows `symbols` to one.

    A symbol or portfolio that one of them does not know is null there.
    """
    symbols = sorted(a["symbols"].keys() | b["symbols"].keys())
    portfolios = sorted(a["portfolios"].keys() | b["portfolios"].keys())
    return {
        "symbols": {
            name: _symbol(a["symbols"].get(name), b["symbols"].get(name))
            for name in symbols
            if symbol in {None, name}
        },
        "portfolios": {
            name: _portfolio(a["portfolios"].get(name), b["portfolios"].get(name))
            for name in portfolios
        },
    }


def _portfolio(a: Entry | None, b: Entry | None) -> dict[str, Any]:
    return {
        "a": _shown(a, SHOWN_OF_PORTFOLIO),
        "b": _shown(b, SHOWN_OF_PORTFOLIO),
        "value_change": _growth(a, b, "total_value"),
    }


def _symbol(a: Entry | None, b: Entry | None) -> dict[str, Any]:
    features, drivers = _features(a or {}, b or {})
    return {
        "a": _shown(a, SHOWN),
        "b": _shown(b, SHOWN),
        "changed": [key for key in SHOWN if (a or {}).get(key) != (b or {}).get(key)],
        "price_change": _growth(a, b, "price"),
        "features": features,
        "drivers": drivers,
    }


def _shown(entry: Entry | None, keys: tuple[str, ...]) -> dict[str, Any] | None:
    return None if entry is None else {key: entry[key] for key in keys}


def _growth(a: Entry | None, b: Entry | None, key: str) -> float | None:
    """The change as a fraction of what it was; None where that is not known or not above 0."""
    if not a or not b or a[key] is None or b[key] is None or Decimal(a[key]) <= 0:
        return None
    return float(Decimal(b[key]) / Decimal(a[key]) - 1)


def _features(a: Entry, b: Entry) -> tuple[list[dict[str, Any]], list[str]]:
    """Every feature with its change, the largest effect first; and those that did it."""
    before, after = a.get("features") or {}, b.get("features") or {}
    explainer = _common_explainer(a, b)
    contributions, drivers = _explained(explainer, a, b) if explainer else ({}, [])
    rows = [
        {
            "name": name,
            "a": before.get(name),
            "b": after.get(name),
            "change": after[name] - before[name] if name in before and name in after else None,
            "contributions": contributions.get(name, {}),
        }
        for name in dict.fromkeys([*before, *after])
    ]
    rows.sort(key=_effect, reverse=True)
    return rows, drivers


def _effect(row: Mapping[str, Any]) -> float:
    return max(map(abs, row["contributions"].values()), default=0.0)


def _common_explainer(a: Entry, b: Entry) -> Explainer | None:
    """Who explains both; None where nobody does, or not the same one."""
    if not a.get("regime") or not b.get("regime"):
        return None
    of_a, of_b = explainer_of(a), explainer_of(b)
    return None if isinstance(of_a, str) or of_a is not of_b else of_a


def _explained(explainer: Explainer, a: Entry, b: Entry) -> tuple[Contributions, list[str]]:
    before, after = explainer.scores(a["features"]), explainer.scores(b["features"])
    contributions = _contributions(before, after)
    deciding = explainer.deciding(Regime(a["regime"]), Regime(b["regime"]))
    return contributions, _drivers(contributions, deciding)


def _contributions(before: tuple[Score, ...], after: tuple[Score, ...]) -> Contributions:
    """Term by term, term(b) - term(a): exact also where a term is no straight line in its feature."""
    found: Contributions = {}
    for old, new in zip(before, after, strict=True):
        for was, now in zip(old.terms, new.terms, strict=True):
            moved = now.contribution - was.contribution
            found.setdefault(now.feature, {})[new.name] = moved
    return found


def _drivers(contributions: Contributions, deciding: frozenset[str]) -> list[str]:
    """The features that moved a score that the change hangs on, the way in which it went."""
    effects: dict[str, float] = {}
    for score in deciding:
        moves = {name: of[score] for name, of in contributions.items() if score in of}
        total = sum(moves.values())
        for name, moved in moves.items():
            if moved * total > 0:
                effects[name] = max(effects.get(name, 0.0), abs(moved))
    return sorted(effects, key=lambda name: (-effects[name], name))[:DRIVERS_MAX]
