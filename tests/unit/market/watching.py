"""Rules, prices and what fires at them, for the tests of alerts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from app.market.alerts.rules import AlertRule
from app.market.alerts.watch import UNWATCHED, Firing, Watch, observe
from tests.unit.market.builders import DAY_S, START


@dataclass(frozen=True)
class Seen:
    """A price that came `after_s` seconds after the one before; a bare tick unless it closed a bar.

    `before` is the close of a bar that ended before it, by the calendar.
    """

    price: Decimal
    after_s: int = DAY_S
    is_bar: bool = True
    before: Decimal | None = None

    @property
    def closes(self) -> tuple[float, ...]:
        closed = [self.before] if self.before is not None else []
        return tuple(float(price) for price in closed + [self.price] * self.is_bar)


def rule(kind: str, rule_id: str = "r", **fields: Any) -> AlertRule:
    """A rule, from JSON values."""
    return AlertRule.model_validate({"rule_id": rule_id, "kind": kind, **fields})


def bars(*prices: str | float) -> list[Seen]:
    """A ready daily bar for each price."""
    return [Seen(Decimal(str(price))) for price in prices]


def ticks(*prices: str | float, after_s: int = 1) -> list[Seen]:
    """A bare tick for each price."""
    return [Seen(Decimal(str(price)), after_s, is_bar=False) for price in prices]


def watch_all(
    rules: Sequence[AlertRule], seen: Iterable[Seen], watch: Watch = UNWATCHED, start_s: int = 0
) -> tuple[Watch, list[tuple[Firing, ...]]]:
    """The watch after all prices, and what fired at each."""
    held, at, firings = tuple(rules), START + timedelta(seconds=start_s), []
    for each in seen:
        at += timedelta(seconds=each.after_s)
        watch, fired = observe(held, watch, "SPX", each.price, at, each.closes, ready=each.is_bar)
        firings.append(fired)
    return watch, firings


def fired_at(rules: AlertRule | Sequence[AlertRule], seen: Iterable[Seen]) -> list[int]:
    """The indexes of the prices at which something fired, once for each alert."""
    each = [rules] if isinstance(rules, AlertRule) else rules
    _, firings = watch_all(each, seen)
    return [index for index, fired in enumerate(firings) for _ in fired]


def messages(each: AlertRule, seen: Iterable[Seen]) -> list[str]:
    """What the alerts of a rule say."""
    return [firing.message for fired in watch_all([each], seen)[1] for firing in fired]


PRICES = st.one_of(
    st.decimals("0.000000000001", "999999999999999999.999999999999", places=12),
    st.decimals("80", "120", places=2),
)

SEEN = st.builds(
    Seen,
    PRICES,
    st.sampled_from([1, 60, 3_600, DAY_S, 40 * DAY_S]),
    st.booleans(),
    st.none() | PRICES,
)

EVERY_KIND = (
    rule("price_above", "above", threshold="100", hysteresis="0.02"),
    rule("price_below", "below", threshold="95", cooldown_s=7_200),
    rule("percent_move", "move", threshold="0.05", window_s=7_200),
    rule("volatility_spike", "spike", threshold="2"),
    rule("drawdown", "fallen", threshold="0.03"),
    rule("drawdown", "fallen-lately", threshold="0.03", window_bars=7),
    rule("new_high", "high", window_bars=3, hysteresis="0.01"),
    rule("new_low", "low", window_bars=3, cooldown_s=90_000),
    rule("regime_shift", "shift"),
    rule("price_above", "of-another", symbol="IXIC", threshold="1"),
)
