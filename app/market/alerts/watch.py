"""`observe`: a new price, past every rule of its symbol. Pure and O(1) a price, whatever came before.

The volatility that `volatility_spike` measures with is a weighted mean of squared log moves from close to
close, m += (move^2 - m) * max(1/n, 1 - VOLATILITY_DECAY), over n moves; its root is one standard deviation.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from math import log, sqrt
from typing import Any, Final, NamedTuple

from app.market.alerts.rules import AlertRule
from app.market.alerts.sensor import QUIET_BARS, Firing, Moment, Sensor
from app.market.alerts.sensors import LOADERS, SENSORS
from events.catalog import AlertKind
from events.scalars import format_decimal, to_micros

__all__ = ["UNWATCHED", "Firing", "Watch", "dump", "load", "observe"]

VOLATILITY_DECAY: Final = 0.94
"""What a bar's weight is multiplied by with every bar after it, as RiskMetrics has it for daily closes."""

SPREAD_FLOOR: Final = 0.00001
"""The least standard deviation, 0.001 %: a price that never moved makes no spike of its first small step."""

FORMAT: Final = 2
"""What a dump is written in; 2 since a `percent_move` remembers times instead of slots. No other is read."""

PLANS_KEPT: Final = 256
"""Sets of rules that are kept prepared; beyond, the one used longest ago is prepared again when it comes."""


class _Plan(NamedTuple):
    """Rules, prepared: the sensor of each, and what its memory is kept under."""

    keys: tuple[str, ...]
    sensors: tuple[Sensor, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """What one symbol's rules remember.

    Attributes:
        bars: how many bars have closed.
        close: the last close; 0.0 before the first.
        variance: the weighted mean squared log move from close to close.
        keys: what each memory is of: kind, rule and a digest of it.
        memories: one for each key.
        rules: those in force at the last price; None after `load`.
        plan: the same, prepared.
    """

    bars: int
    close: float
    variance: float
    keys: tuple[str, ...] = ()
    memories: tuple[Any, ...] = ()
    rules: tuple[AlertRule, ...] | None = field(default=None, compare=False, repr=False)
    plan: _Plan = field(default=_Plan((), ()), compare=False, repr=False)


UNWATCHED: Final = Watch(0, 0.0, 0.0)


def observe(
    rules: tuple[AlertRule, ...],
    watch: Watch,
    symbol: str,
    price: Decimal,
    at: datetime,
    closes: tuple[float, ...],
    *,
    ready: bool,
) -> tuple[Watch, tuple[Firing, ...]]:
    """What the rules remember after a price, and those that fire at it, in the order of the rules.

    Args:
        rules: all that are in force; those of other symbols, and on the regime, are passed over.
        watch: what was remembered before. A rule that is new, or was changed, begins afresh; what no rule
            owns any more is dropped.
        symbol: whose price it is.
        price: newer than all before it; late ones never come here.
        at: its market time, UTC.
        closes: of the bars that closed with or before this price, oldest first.
        ready: True when the price is the close of a ready bar, the last of `closes`. A tick that happens to
            equal the last close is none.
    """
    plan, memories = watch.plan, watch.memories
    changed = bool(closes) or watch.rules is not rules
    if watch.rules is not rules:
        plan = _plan(tuple(rule for rule in rules if _watches(rule, symbol)))
        memories = _aligned(plan, watch)
    value = float(price)
    bars, close, variance = watch.bars, watch.close, watch.variance
    for each in closes[:-1] if ready else closes:
        bars, close, variance = _closed(bars, close, variance, each)
    spread = max(sqrt(variance), SPREAD_FLOOR) if bars >= QUIET_BARS else None
    move = log(value / close) if close else 0.0
    now = Moment(symbol, price, value, to_micros(at), closes, bars, move, spread)
    after: list[Any] = []
    firings: tuple[Firing, ...] = ()
    for sensor, memory in zip(plan.sensors, memories, strict=True):
        remembered, firing = sensor.look(memory, now)
        after.append(remembered)
        changed = changed or remembered is not memory
        if firing is not None:
            firings = (*firings, firing)
    if not changed:
        return watch, firings
    if ready:
        bars, close, variance = _closed(bars, close, variance, value)
    return Watch(bars, close, variance, plan.keys, tuple(after), rules, plan), firings


def dump(watch: Watch) -> dict[str, Any]:
    """The watch as JSON-able values: `load(dump(w)) == w`, bit for bit."""
    return {
        "format": FORMAT,
        "bars": watch.bars,
        "close": watch.close,
        "variance": watch.variance,
        "memories": {
            key: _frozen(memory) for key, memory in zip(watch.keys, watch.memories, strict=True)
        },
    }


def load(dumped: Mapping[str, Any]) -> Watch:
    """The watch that `dump` wrote.

    Raises:
        ValueError: it is no dump of a watch, or one of an older version.
    """
    try:
        if dumped["format"] != FORMAT:
            raise ValueError(f"not in format {FORMAT}")
        memories: Mapping[str, Any] = dumped["memories"]
        return Watch(
            int(dumped["bars"]),
            float(dumped["close"]),
            float(dumped["variance"]),
            tuple(memories),
            tuple(LOADERS[_kind(key)](memory) for key, memory in memories.items()),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise ValueError(f"not a watch of alert rules: {error!r}") from error


def _watches(rule: AlertRule, symbol: str) -> bool:
    return rule.symbol in (None, symbol) and rule.kind in SENSORS


@lru_cache(PLANS_KEPT)
def _plan(rules: tuple[AlertRule, ...]) -> _Plan:
    # Equal rules are the same text, so it does not matter which of them a plan was made of.
    keys = tuple(_key(rule) for rule in rules)
    return _Plan(keys, tuple(SENSORS[rule.kind](rule) for rule in rules))


def _key(rule: AlertRule) -> str:
    """What the memory of a rule is kept under: a changed rule has another."""
    digest = hashlib.sha256(rule.model_dump_json().encode()).hexdigest()[:12]
    return f"{rule.kind.value}|{rule.rule_id}|{digest}"


def _kind(key: str) -> AlertKind:
    return AlertKind(key.partition("|")[0])


def _aligned(plan: _Plan, watch: Watch) -> tuple[Any, ...]:
    """The memories of the plan's rules, in its order."""
    known = dict(zip(watch.keys, watch.memories, strict=True))
    return tuple(
        known.get(key, sensor.fresh) for key, sensor in zip(plan.keys, plan.sensors, strict=True)
    )


def _closed(bars: int, close: float, variance: float, price: float) -> tuple[int, float, float]:
    if not bars:
        return 1, price, variance
    move = log(price / close)
    weight = max(1 / bars, 1 - VOLATILITY_DECAY)
    return bars + 1, price, variance + (move * move - variance) * weight


def _frozen(memory: Any) -> Any:
    """A memory as JSON-able values: tuples as lists, exact numbers as text."""
    if isinstance(memory, tuple):
        return [_frozen(each) for each in memory]
    return format_decimal(memory) if isinstance(memory, Decimal) else memory
