"""Every detector by its name. An extra's detector is imported only when it is asked for."""

from importlib import import_module
from typing import Any, Final

from app.market.detector.base import Detector
from app.market.detector.explain_base import Explainer
from app.market.detector.tunable import Constant, Values, changed

_PLACES: Final = {
    "anchored": ("anchored", "ANCHORED"),
    "sma200": ("sma200", "SMA200"),
    "hmm": ("hmm", "HMM"),
    "jump": ("jump", "JUMP"),
}
_EXTRAS: Final = ("hmm", "jump")
"""Detectors that need the extra of their own name."""
NAMES: Final = tuple(_PLACES)
"""The detectors that `detector` knows, the default first."""

_EXPLAINERS: Final = {"anchored": "explain_anchored", "sma200": "explain_sma200"}
"""Each has its `EXPLAINER`; none needs the extra of its detector."""
UNEXPLAINED: Final = {
    "hmm": "a hidden Markov model weighs whole paths of returns: its features alone do not make its regime",
    "jump": "a jump model weighs whole paths of features: those of one bar alone do not make its regime",
}
"""The detectors without an `Explainer`, and why."""


class MissingExtra(ImportError):
    """A detector whose packages are not installed."""


def detector(name: str) -> Detector[Any]:
    """The detector of this name.

    Raises:
        ValueError: no detector has this name.
        MissingExtra: its extra is not installed.
    """
    if name not in _PLACES:
        raise ValueError(f"No detector is called {name!r}; there are {', '.join(NAMES)}.")
    module, constant = _PLACES[name]
    try:
        found: Detector[Any] = getattr(import_module(f"app.market.detector.{module}"), constant)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if name not in _EXTRAS or package == "app":
            raise
        raise MissingExtra(
            f"The detector {name!r} needs {package}, which is not installed: "
            f"pip install 'regime-synapse[{name}]'."
        ) from error
    return found


def constants(name: str) -> tuple[Constant, ...]:
    """The constants of a detector that `variant` may set; none of one that is fitted to each symbol's past.

    Raises:
        ValueError, MissingExtra: as `detector`.
    """
    detector(name)  # says what is missing
    module = import_module(f"app.market.detector.{_PLACES[name][0]}")
    return getattr(module, "CONSTANTS", ())


def variant(name: str, values: Values) -> Detector[Any]:
    """The detector of this name with some constants changed; its stamp says that it is a variant.

    With every constant as it is frozen, that is the detector itself.

    Raises:
        ValueError: no detector has this name; as `WrongConstant`: a constant is not known, or out of range.
        MissingExtra: its extra is not installed.
    """
    different = changed(name, constants(name), values)
    if not different:
        return detector(name)
    module = import_module(f"app.market.detector.{_PLACES[name][0]}")
    made: Detector[Any] = module.tuned(different)
    return made


def explainer(name: str) -> Explainer | None:
    """Who explains the detector of this name; None where nobody does."""
    if name not in _EXPLAINERS:
        return None
    found: Explainer = import_module(f"app.market.detector.{_EXPLAINERS[name]}").EXPLAINER
    return found
