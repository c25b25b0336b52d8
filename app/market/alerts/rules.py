"""`AlertRule`: what is to be told, checked when it is set; and the rules that are there from the start.

Every share is a fraction (0.05 = 5 %). A rule of which nothing could ever come is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from events.catalog import AlertKind, AlertSeverity, Record
from events.scalars import ExactNumber, Label, Symbol, format_decimal

WINDOW_S_MAX: Final = 31_622_400
"""The longest window of `percent_move`: a leap year."""

WINDOW_BARS_MAX: Final = 1_000
"""The longest window of `drawdown`, `new_high` and `new_low`: four years of trading days."""

COOLDOWN_S_MAX: Final = 31_622_400
"""The longest cool-down: a leap year."""

MOVE_MAX: Final = Decimal(1_000)
"""The largest rise of `percent_move`: 100,000 %."""

DRAWDOWN_STEP_MIN: Final = Decimal("0.01")
"""The smallest step of `drawdown`: a fall is 99 alerts at most until there is a new high."""

DRAWDOWN_BARS_MIN: Final = 2
"""The shortest window of `drawdown`: a ready bar is the high of a window of one."""

SPIKE_SD_MAX: Final = Decimal(100)
"""The largest `volatility_spike`, in standard deviations."""

HYSTERESIS_LIMIT: Final = Decimal(1)
"""Every hysteresis is less: the price need never go back further than by all of the threshold."""

PRICE_MIN: Final = Decimal("0.000000000001")
PRICE_MAX: Final = Decimal("999999999999999999.999999999999")
"""The ends of what a price can be."""

NEVER_FIRES: Final = "rule_never_fires"
"""The code of a rule that could never fire, or never a second time."""

EXACT: Final = Context(prec=80)
"""Two numbers of 30 digits multiply in it without rounding; the thread's own context has no say."""

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)


class MoveDirection(StrEnum):
    """Which moves a `percent_move` is about."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the rules of one kind must have and may have.

    Attributes:
        threshold: the least and the most that it may be; None for a kind without one.
        window_s, window_bars: whether the kind has that window.
        open_window: whether the window may be left out.
        hysteresis: the one that is usual; None for a kind that re-arms otherwise and has no cool-down.
    """

    threshold: tuple[Decimal, Decimal] | None = None
    window_s: bool = False
    window_bars: bool = False
    open_window: bool = False
    hysteresis: Decimal | None = None


_PRICES: Final = (PRICE_MIN, PRICE_MAX)
_KINDS: Final[Mapping[AlertKind, _Kind]] = {
    AlertKind.PRICE_ABOVE: _Kind(_PRICES, hysteresis=Decimal("0.01")),
    AlertKind.PRICE_BELOW: _Kind(_PRICES, hysteresis=Decimal("0.01")),
    AlertKind.PERCENT_MOVE: _Kind((PRICE_MIN, MOVE_MAX), window_s=True, hysteresis=Decimal("0.25")),
    AlertKind.VOLATILITY_SPIKE: _Kind((PRICE_MIN, SPIKE_SD_MAX), hysteresis=Decimal("0.25")),
    AlertKind.DRAWDOWN: _Kind((DRAWDOWN_STEP_MIN, ONE), window_bars=True, open_window=True),
    AlertKind.NEW_HIGH: _Kind(window_bars=True, hysteresis=Decimal("0.05")),
    AlertKind.NEW_LOW: _Kind(window_bars=True, hysteresis=Decimal("0.05")),
    AlertKind.REGIME_SHIFT: _Kind(),
}


class AlertRule(Record):
    """A rule for one symbol or for all.

    Attributes:
        symbol: None for every symbol.
        severity: None for `regime_shift` only: then it follows the regime.
        threshold: a price, a share, or standard deviations; see docs/alerts.md. Kept without trailing
            zeros, so that equal rules are the same text.
        direction: of `percent_move` only.
        window_s: of `percent_move`, in seconds of market time.
        window_bars: of `new_high`, `new_low` and, if it is wanted there, `drawdown`.
        hysteresis: how far back the price must go until the rule may fire again.
        cooldown_s: how long after an alert no other follows, in seconds of market time.
    """

    rule_id: Label
    kind: Annotated[AlertKind, Field(strict=False)]
    symbol: Symbol | None = None
    severity: Annotated[AlertSeverity | None, Field(strict=False)] = None
    threshold: ExactNumber | None = Field(default=None, validate_default=True)
    direction: Annotated[MoveDirection | None, Field(strict=False)] = None
    window_s: Annotated[int, Field(ge=1, le=WINDOW_S_MAX)] | None = Field(
        default=None, validate_default=True
    )
    window_bars: Annotated[int, Field(ge=1, le=WINDOW_BARS_MAX)] | None = Field(
        default=None, validate_default=True
    )
    hysteresis: ExactNumber = ZERO
    cooldown_s: Annotated[int, Field(ge=0, le=COOLDOWN_S_MAX)] = 0

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, given: Any) -> Any:
        """What is left out is what is usual for the kind."""
        if not isinstance(given, dict) or given.get("kind") not in list(AlertKind):
            return given
        kind = AlertKind(given["kind"])
        usual: dict[str, Any] = {"hysteresis": _KINDS[kind].hysteresis or ZERO}
        if kind is not AlertKind.REGIME_SHIFT:
            usual["severity"] = AlertSeverity.INFO
        if kind is AlertKind.PERCENT_MOVE:
            usual["direction"] = MoveDirection.BOTH
        return usual | given

    @field_validator("severity")
    @classmethod
    def _loud(cls, severity: AlertSeverity | None, info: ValidationInfo) -> AlertSeverity | None:
        kind = info.data.get("kind")
        if severity is None and kind not in {None, AlertKind.REGIME_SHIFT}:
            raise ValueError(f"must be given: {kind} has no regime to follow")
        return severity

    @field_validator("threshold")
    @classmethod
    def _reachable(cls, threshold: Decimal | None, info: ValidationInfo) -> Decimal | None:
        kind = info.data.get("kind")
        if kind is None:
            return threshold
        limits = _KINDS[kind].threshold
        if limits is None:
            if threshold is not None:
                raise ValueError(f"{kind} has no threshold: leave it out")
            return None
        if threshold is None:
            raise ValueError(f"{kind} needs a threshold")
        _refuse_unreachable(kind, threshold, limits)
        return plain(threshold)

    @field_validator("direction")
    @classmethod
    def _directed(cls, direction: MoveDirection | None, info: ValidationInfo) -> Any:
        kind, threshold = info.data.get("kind"), info.data.get("threshold")
        if kind not in {None, AlertKind.PERCENT_MOVE} and direction is not None:
            raise ValueError(f"{kind} has no direction: leave it out")
        if kind is AlertKind.PERCENT_MOVE:
            if direction is None:
                raise ValueError('must be "up", "down" or "both"')
            if threshold is not None and threshold >= ONE:
                if direction is MoveDirection.DOWN:
                    raise PydanticCustomError(NEVER_FIRES, _NO_SUCH_FALL)
                if direction is MoveDirection.BOTH:
                    raise ValueError(_NO_SUCH_FALL)
        return direction

    @field_validator("window_s", "window_bars")
    @classmethod
    def _windowed(cls, window: int | None, info: ValidationInfo) -> int | None:
        kind = info.data.get("kind")
        if kind is None:
            return window
        spec, name = _KINDS[kind], str(info.field_name)
        if not getattr(spec, name):
            if window is not None:
                raise ValueError(f"{kind} has no {name}: leave it out")
        elif window is None and not spec.open_window:
            raise ValueError(f"{kind} needs {name}")
        elif kind is AlertKind.DRAWDOWN and window is not None and window < DRAWDOWN_BARS_MIN:
            raise PydanticCustomError(
                NEVER_FIRES,
                "must be at least {least}: a ready bar is itself the high of a window of one",
                {"least": DRAWDOWN_BARS_MIN},
            )
        return window

    @field_validator("hysteresis")
    @classmethod
    def _re_arming(cls, hysteresis: Decimal, info: ValidationInfo) -> Decimal:
        kind, threshold = info.data.get("kind"), info.data.get("threshold")
        if hysteresis < 0:
            raise ValueError("must not be negative")
        if kind is not None and _KINDS[kind].hysteresis is None and hysteresis:
            raise ValueError(f"{kind} has no hysteresis: {_RE_ARMS[kind]}")
        _refuse_once_only(kind, threshold, hysteresis)
        if hysteresis >= HYSTERESIS_LIMIT:
            raise ValueError(f"must be less than {HYSTERESIS_LIMIT}")
        return plain(hysteresis)

    @field_validator("cooldown_s")
    @classmethod
    def _cooling(cls, cooldown_s: int, info: ValidationInfo) -> int:
        kind = info.data.get("kind")
        if kind is not None and _KINDS[kind].hysteresis is None and cooldown_s:
            raise ValueError(f"{kind} has no cool-down: {_RE_ARMS[kind]}")
        return cooldown_s


_NO_SUCH_FALL: Final = (
    'a fraction: "0.05" is 5 %. No price falls by 100 % or more: take less, or the direction "up"'
)
_RE_ARMS: Final = {
    AlertKind.DRAWDOWN: "each step is told once, and again only after a new high",
    AlertKind.REGIME_SHIFT: "every shift is told, and the detector has a hysteresis of its own",
}


def re_arms_at(kind: AlertKind | None, threshold: Decimal, hysteresis: Decimal) -> Decimal:
    """The price at which a rule for a price level may fire again; of other kinds, the threshold.

    >>> re_arms_at(AlertKind.PRICE_ABOVE, Decimal(100), Decimal("0.01"))
    Decimal('99.00')
    """
    if kind is AlertKind.PRICE_ABOVE:
        return EXACT.multiply(threshold, EXACT.subtract(ONE, hysteresis))
    if kind is AlertKind.PRICE_BELOW:
        return EXACT.multiply(threshold, EXACT.add(ONE, hysteresis))
    return threshold


def plain(number: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent.

    >>> plain(Decimal("5000.50")), plain(Decimal("-0.0"))
    (Decimal('5000.5'), Decimal('0'))
    """
    if not number:
        return ZERO
    text = format_decimal(number)
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _refuse_once_only(
    kind: AlertKind | None, threshold: Decimal | None, hysteresis: Decimal
) -> None:
    # No close falls to 0, and no move shrinks to less than none; a price or close can well double.
    never = kind is AlertKind.NEW_HIGH and hysteresis >= ONE
    never |= kind in {AlertKind.PERCENT_MOVE, AlertKind.VOLATILITY_SPIKE} and hysteresis > ONE
    if threshold is not None:
        back = re_arms_at(kind, threshold, hysteresis)
        never |= kind is AlertKind.PRICE_ABOVE and (back < PRICE_MIN or threshold == PRICE_MIN)
        never |= kind is AlertKind.PRICE_BELOW and (back > PRICE_MAX or threshold == PRICE_MAX)
    if never:
        raise PydanticCustomError(
            NEVER_FIRES, "no price goes back that far: the rule would fire once and never again"
        )


def _refuse_unreachable(
    kind: AlertKind, threshold: Decimal, limits: tuple[Decimal, Decimal]
) -> None:
    least, most = limits
    if threshold <= 0:
        raise PydanticCustomError(NEVER_FIRES, _NOT_POSITIVE[kind])
    if kind is AlertKind.DRAWDOWN and threshold >= ONE:
        raise PydanticCustomError(NEVER_FIRES, "must be less than 1: no price falls by 100 %")
    if threshold > most:
        raise ValueError(f"must be at most {format_decimal(most)}")
    if threshold < least:
        raise ValueError(f"must be at least {format_decimal(least)}")


_NOT_POSITIVE: Final[Mapping[AlertKind, Any]] = {
    AlertKind.PRICE_ABOVE: "must be greater than 0: every price is above it, so it is never crossed",
    AlertKind.PRICE_BELOW: "must be greater than 0: no price is ever below it",
    AlertKind.PERCENT_MOVE: "must be greater than 0: a move has a size, and a direction beside it",
    AlertKind.VOLATILITY_SPIKE: "must be greater than 0: it is a number of standard deviations",
    AlertKind.DRAWDOWN: "must be greater than 0: it is the share that a step loses",
}

DEFAULT_RULES: Final = (
    AlertRule(rule_id="regime_shift", kind=AlertKind.REGIME_SHIFT),
    AlertRule(
        rule_id="volatility_spike",
        kind=AlertKind.VOLATILITY_SPIKE,
        severity=AlertSeverity.WARNING,
        threshold=Decimal(4),
        hysteresis=Decimal("0.25"),
        cooldown_s=86_400,
    ),
    AlertRule(
        rule_id="drawdown",
        kind=AlertKind.DRAWDOWN,
        severity=AlertSeverity.WARNING,
        threshold=Decimal("0.1"),
        window_bars=252,
    ),
    AlertRule(
        rule_id="new_high",
        kind=AlertKind.NEW_HIGH,
        severity=AlertSeverity.INFO,
        window_bars=252,
        hysteresis=Decimal("0.05"),
    ),
    AlertRule(
        rule_id="new_low",
        kind=AlertKind.NEW_LOW,
        severity=AlertSeverity.WARNING,
        window_bars=252,
        hysteresis=Decimal("0.05"),
    ),
)
"""What is told without being asked. None but `regime_shift` fires before 21 bars have closed."""
