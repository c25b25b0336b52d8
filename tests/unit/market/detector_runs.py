"""What the tests of the detectors share."""

import json
from collections.abc import Sequence
from typing import Any

from app.feeds.samples import SAMPLES
from app.market.detector.base import Detector, Reading


def spx(bars: int) -> list[float]:
    """The first closes of the shipped S&P 500."""
    closes = [float(bar.price) for bar in SAMPLES["SPX"].bars()]
    return closes[:bars]


def run(
    detector: Detector[Any], closes: Sequence[float], state: Any = None
) -> tuple[Any, list[Reading]]:
    """The last state and all readings, from the start or from a state."""
    state, readings = detector.initial() if state is None else state, []
    for close in closes:
        state, reading = detector.step(state, close)
        readings.append(reading)
    return state, readings


def restarted(detector: Detector[Any], state: Any) -> Any:
    """The state as another process reads it back."""
    return detector.load(json.loads(json.dumps(detector.dump(state))))
