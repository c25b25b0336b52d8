"""Sensors that look back to the highs and lows of bars: drawdowns, new highs, new lows."""

from decimal import Decimal
from typing import Any, Final, NamedTuple

from app.market.alerts.latch import (
    READY,
    Entries,
    Latch,
    is_count,
    load_entries,
    load_float,
    load_latch,
    load_price,
    turn,
    with_high,
    with_low,
)
from app.market.alerts.rules import EXACT, ONE, PRICE_MAX, PRICE_MIN, ZERO, AlertRule, plain
from app.market.alerts.sensor import QUIET_BARS, SECOND_US, Firing, Moment, money, percent
from events.catalog import AlertKind


class Falling(NamedTuple):
    """What a drawdown remembers.

    Attributes:
        highs: the highs of the window's bars; without a window the one high there was.
        steps: the steps that were told since that high.
        level: the price of the next step; 0 where there is none.
    """

    highs: Entries[Decimal]
    steps: int
    level: Decimal


class Drawdown:
    """`drawdown`: each deeper step is told once, a gap through several of them as the deepest."""

    fresh: Final = Falling((), 0, ZERO)

    def __init__(self, rule: AlertRule) -> None:
        assert rule.threshold is not None
        self._rule = rule
        self._step = rule.threshold
        self._window = rule.window_bars
        self._quiet_bars = 0 if rule.window_bars is None else min(rule.window_bars, QUIET_BARS)

    def look(self, memory: Falling, now: Moment) -> tuple[Falling, Firing | None]:
        """See `Sensor`."""
        price, highs = now.price, memory.highs
        slot, oldest = (0, 0) if self._window is None else (now.bars, now.bars - self._window + 1)
        kept = with_high(highs, slot, price, oldest)
        peak = kept[0][1]
        # A high that only grew too old takes no step back: they were told.
        steps = 0 if price == peak else memory.steps
        if kept is not highs or steps != memory.steps:
            same = steps == memory.steps and bool(highs) and kept[0] is highs[0]
            level = memory.level if same else self._level(peak, steps + 1)
            memory = Falling(kept, steps, level)
        if price > memory.level or now.bars < self._quiet_bars:
            return memory, None
        steps = int(EXACT.divide_int(EXACT.subtract(peak, price), EXACT.multiply(peak, self._step)))
        told = Falling(kept, steps, self._level(peak, steps + 1))
        fallen = EXACT.multiply(self._step, Decimal(steps))
        which = "high" if self._window is None else f"{self._window}-bar high"
        below = 100 * (1 - now.value / float(peak))
        message = (
            f"{now.symbol} at {money(price)} is {below:.1f} % below its {which} of {money(peak)}"
            f" (step: {percent(fallen)})"
        )
        return told, Firing(self._rule, plain(fallen), message)

    def _level(self, peak: Decimal, steps: int) -> Decimal:
        left = EXACT.subtract(ONE, EXACT.multiply(self._step, Decimal(steps)))
        return EXACT.multiply(peak, left) if left > 0 else ZERO


class Closing(NamedTuple):
    """What a new high or low remembers.

    Attributes:
        latch: whether it may fire.
        closes: how many closes it has seen.
        furthest: the furthest close since the last alert; 0.0 while armed.
        extremes: of the closes in the window.
    """

    latch: Latch
    closes: int
    furthest: float
    extremes: Entries[float]


class Extreme:
    """`new_high` and `new_low`, of closes."""

    fresh: Final = Closing(READY, 0, 0.0, ())

    def __init__(self, rule: AlertRule) -> None:
        assert rule.window_bars is not None
        self._rule = rule
        self._high = rule.kind is AlertKind.NEW_HIGH
        self._window = rule.window_bars
        self._cooldown_us = rule.cooldown_s * SECOND_US
        hysteresis = float(rule.hysteresis)
        self._back = 1 - hysteresis if self._high else 1 + hysteresis

    def look(self, memory: Closing, now: Moment) -> tuple[Closing, Firing | None]:
        """See `Sensor`."""
        if not now.closes:
            return memory, None
        firing = None
        for close in now.closes:
            memory, passed = self._closed(memory, close, now.at_us)
            if passed is not None:
                firing = self._firing(now, close, passed)
        return memory, firing

    def _closed(self, memory: Closing, close: float, at_us: int) -> tuple[Closing, float | None]:
        """The memory after a close, and the close that it passed if the rule fires."""
        latch, slot, furthest, extremes = memory
        oldest = slot - self._window + 1
        passed = extremes[0][1] if slot >= self._window else None
        if self._high:
            kept = with_high(extremes, slot, close, oldest)
            holds = passed is not None and close > passed
            furthest = max(furthest, close)
            went_back = close <= furthest * self._back
        else:
            kept = with_low(extremes, slot, close, oldest)
            holds = passed is not None and close < passed
            furthest = min(furthest or close, close)
            went_back = close >= furthest * self._back
        turned, fires = turn(latch, at_us, self._cooldown_us, holds=holds, went_back=went_back)
        furthest = 0.0 if turned.armed else furthest
        return Closing(turned, slot + 1, furthest, kept), passed if fires else None

    def _firing(self, now: Moment, close: float, passed: float) -> Firing:
        side, extreme = ("above", "highest") if self._high else ("below", "lowest")
        level = _price(passed)
        message = (
            f"{now.symbol} closed at {money(_price(close))}, {side} every close of the"
            f" {self._window} bars before ({extreme} {money(level)})"
        )
        return Firing(self._rule, level, message)


def load_falling(dumped: Any) -> Falling:
    """What a drawdown remembers, from JSON values.

    Raises:
        ValueError: they are none.
    """
    highs, steps, level = dumped
    if not is_count(steps):
        raise ValueError("steps are a whole number")
    if not isinstance(level, str):
        raise ValueError("a level is a decimal string")
    return Falling(load_entries(highs, load_price), steps, Decimal(level))


def load_closing(dumped: Any) -> Closing:
    """What a new high or low remembers, from JSON values.

    Raises:
        ValueError: they are none.
    """
    latch, closes, furthest, extremes = dumped
    if not is_count(closes):
        raise ValueError("closes are a whole number")
    return Closing(
        load_latch(latch), closes, load_float(furthest), load_entries(extremes, load_float)
    )


def _price(value: float) -> Decimal:
    """The price that a float came from: the shortest number that is read as that float."""
    exact = Decimal(repr(value))
    exponent = exact.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -12:
        exact = EXACT.quantize(exact, PRICE_MIN)
    return plain(min(max(exact, PRICE_MIN), PRICE_MAX))
