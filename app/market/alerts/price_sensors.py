"""Sensors that look at every price: levels, moves within a window, spikes."""

from decimal import Decimal
from math import exp
from typing import Any, Final

from app.market.alerts.latch import (
    READY,
    Entries,
    Latch,
    load_entries,
    load_latch,
    load_price,
    turn,
    with_high,
    with_low,
)
from app.market.alerts.rules import EXACT, ONE, AlertRule, MoveDirection, re_arms_at
from app.market.alerts.sensor import SECOND_US, Firing, Moment, money, span
from events.catalog import AlertKind

WINDOW_SLOTS: Final = 64
"""The slots that the window of a `percent_move` is cut into: what it remembers does not grow with the ticks."""

EXACT_PRICES: Final = 16
"""The prices of a `percent_move`'s window that are all kept; beyond, a slot adds one. For each direction."""


class Level:
    """`price_above` and `price_below`. Remembers a latch."""

    fresh: Final = READY

    def __init__(self, rule: AlertRule) -> None:
        assert rule.threshold is not None
        self._rule = rule
        self._above = rule.kind is AlertKind.PRICE_ABOVE
        self._level = rule.threshold
        self._back = re_arms_at(rule.kind, rule.threshold, rule.hysteresis)
        self._cooldown_us = rule.cooldown_s * SECOND_US

    def look(self, memory: Latch, now: Moment) -> tuple[Latch, Firing | None]:
        """See `Sensor`."""
        price = now.price
        if self._above:
            holds, went_back = price >= self._level, price <= self._back
        else:
            holds, went_back = price <= self._level, price >= self._back
        after, fires = turn(memory, now.at_us, self._cooldown_us, holds=holds, went_back=went_back)
        if not fires:
            return after, None
        side = "above" if self._above else "below"
        message = f"{now.symbol} is at {money(price)}, at or {side} {money(self._level)}"
        return after, Firing(self._rule, self._level, message)


class Move:
    """`percent_move`. Remembers a latch and the extremes of the window, for each direction.

    An entry is a price and its market time: one exactly as old as the window counts, an older one never.
    """

    def __init__(self, rule: AlertRule) -> None:
        assert rule.threshold is not None
        assert rule.window_s is not None
        self._rule = rule
        self._threshold = rule.threshold
        self._cooldown_us = rule.cooldown_s * SECOND_US
        self._window_us = rule.window_s * SECOND_US
        self._slot_us = self._window_us // WINDOW_SLOTS
        self._within = span(rule.window_s)
        back = EXACT.multiply(rule.threshold, EXACT.subtract(ONE, rule.hysteresis))
        up = (True, EXACT.add(ONE, rule.threshold), EXACT.add(ONE, back))
        down = (False, EXACT.subtract(ONE, rule.threshold), EXACT.subtract(ONE, back))
        sides = {MoveDirection.UP: (up,), MoveDirection.DOWN: (down,)}
        self._sides = sides.get(rule.direction or MoveDirection.BOTH, (up, down))
        self.fresh: tuple[tuple[Latch, Entries[Decimal]], ...] = ((READY, ()),) * len(self._sides)

    def look(
        self, memory: tuple[tuple[Latch, Entries[Decimal]], ...], now: Moment
    ) -> tuple[tuple[tuple[Latch, Entries[Decimal]], ...], Firing | None]:
        """See `Sensor`."""
        price, at_us = now.price, now.at_us
        oldest, slot = at_us - self._window_us, at_us - at_us % self._slot_us
        after, firing = [], None
        for (rises, level, back), side in zip(self._sides, memory, strict=True):
            latch, entries = side
            joins = at_us if len(entries) < EXACT_PRICES else slot
            kept = (with_low if rises else with_high)(entries, at_us, price, oldest, joins)
            extreme = kept[0][1]
            # Where it re-arms matters to a disarmed rule only.
            crossed = EXACT.multiply(extreme, level)
            rearms = None if latch.armed else EXACT.multiply(extreme, back)
            turned, fires = turn(
                latch,
                at_us,
                self._cooldown_us,
                holds=price >= crossed if rises else price <= crossed,
                went_back=rearms is not None and (price <= rearms if rises else price >= rearms),
            )
            if fires:
                # One price cannot be the first of a rise and of a fall.
                firing = self._firing(now, extreme, rises=rises)
            same = turned is latch and kept is entries
            after.append(side if same else (turned, kept))
        if all(new is old for new, old in zip(after, memory, strict=True)):
            return memory, firing
        return tuple(after), firing

    def _firing(self, now: Moment, extreme: Decimal, *, rises: bool) -> Firing:
        share = abs(float(EXACT.divide(now.price, extreme)) - 1)
        message = (
            f"{now.symbol} {'rose' if rises else 'fell'} {100 * share:.2f} % within {self._within},"
            f" from {money(extreme)} to {money(now.price)}"
        )
        return Firing(self._rule, self._threshold, message)


class Spike:
    """`volatility_spike`. Remembers a latch."""

    fresh: Final = READY

    def __init__(self, rule: AlertRule) -> None:
        assert rule.threshold is not None
        self._rule = rule
        self._level = float(rule.threshold)
        self._back = self._level * (1 - float(rule.hysteresis))
        self._cooldown_us = rule.cooldown_s * SECOND_US

    def look(self, memory: Latch, now: Moment) -> tuple[Latch, Firing | None]:
        """See `Sensor`."""
        if now.spread is None:
            return memory, None
        deviations = abs(now.move) / now.spread
        after, fires = turn(
            memory,
            now.at_us,
            self._cooldown_us,
            holds=deviations >= self._level,
            went_back=deviations <= self._back,
        )
        if not fires:
            return after, None
        message = (
            f"{now.symbol} moved {deviations:.1f} standard deviations since its last close"
            f" ({100 * (exp(now.move) - 1):+.2f} %), to {money(now.price)}"
        )
        return after, Firing(self._rule, self._rule.threshold, message)


def load_move(dumped: Any) -> tuple[tuple[Latch, Entries[Decimal]], ...]:
    """What a move remembers, from JSON values.

    Raises:
        ValueError: they are none.
    """
    return tuple(
        (load_latch(latch), load_entries(entries, load_price)) for latch, entries in dumped
    )
