"""Which sensor looks at prices for a rule of each kind, and how its memory is read back."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.market.alerts.high_sensors import Drawdown, Extreme, load_closing, load_falling
from app.market.alerts.latch import load_latch
from app.market.alerts.price_sensors import Level, Move, Spike, load_move
from app.market.alerts.rules import AlertRule
from app.market.alerts.sensor import Sensor
from events.catalog import AlertKind

SENSORS: Final[Mapping[AlertKind, Callable[[AlertRule], Sensor]]] = {
    AlertKind.PRICE_ABOVE: Level,
    AlertKind.PRICE_BELOW: Level,
    AlertKind.PERCENT_MOVE: Move,
    AlertKind.VOLATILITY_SPIKE: Spike,
    AlertKind.DRAWDOWN: Drawdown,
    AlertKind.NEW_HIGH: Extreme,
    AlertKind.NEW_LOW: Extreme,
}
"""What looks at prices, by kind; a regime shift is seen by the detector."""

LOADERS: Final[Mapping[AlertKind, Callable[[Any], Any]]] = {
    AlertKind.PRICE_ABOVE: load_latch,
    AlertKind.PRICE_BELOW: load_latch,
    AlertKind.PERCENT_MOVE: load_move,
    AlertKind.VOLATILITY_SPIKE: load_latch,
    AlertKind.DRAWDOWN: load_falling,
    AlertKind.NEW_HIGH: load_closing,
    AlertKind.NEW_LOW: load_closing,
}
"""The memory of a rule from JSON values, by kind."""
