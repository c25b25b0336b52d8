"""Exact arithmetic with money: the same digits on every machine, whatever the thread's decimal context is."""

from contextlib import AbstractContextManager
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import Final

DIGITS: Final = 80
"""Of every intermediate result: a product of two numbers of the wire has at most 60, so it is exact."""

PLACES: Final = 12
"""Decimal places of an amount, as many as the wire carries."""

ZERO: Final = Decimal(0)
STEP: Final = Decimal(1).scaleb(-PLACES)
"""The last place of an amount."""

_EXACT: Final = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
_WIRE: Final = Context(
    prec=18 + PLACES,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, Inexact],
)
_DOWN: Final = _EXACT.copy()
_DOWN.rounding = ROUND_DOWN


def exactly() -> AbstractContextManager[Context]:
    """Make every operation within exact, or rounded half to even at `DIGITS` digits."""
    return localcontext(_EXACT)


def tidy(number: Decimal) -> Decimal:
    """The same number without trailing zeros or a minus before 0: equal numbers have equal texts."""
    return _EXACT.normalize(_EXACT.add(number, ZERO))


def rounded(amount: Decimal) -> Decimal:
    """An amount, half to even at `PLACES` places."""
    return tidy(_EXACT.quantize(amount, STEP))


def divided_down(amount: Decimal, by: Decimal, step: Decimal) -> Decimal:
    """`amount / by`, both positive, rounded down to a multiple of `step` (a power of ten)."""
    return tidy(_DOWN.quantize(_DOWN.divide(amount, by), step))


def check_amounts(*amounts: Decimal) -> None:
    """Make sure that amounts fit the wire, without writing out their texts, which takes longer.

    Raises:
        ArithmeticError: one has more than 18 digits before the point, or more than `PLACES` after it.
    """
    for amount in amounts:
        _WIRE.quantize(amount, STEP)
