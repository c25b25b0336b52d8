"""A portfolio as JSON-able values and back, to the last digit."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.market.portfolio import Portfolio, Position, Sleeve
from events.catalog import Regime
from events.scalars import from_micros, to_micros

_AMOUNTS: Final = ("paid_in", "cash", "fees", "realised", "peak", "day_start", "last_value")
_OF_SLEEVE: Final = ("cash", "paid_in", "price", "fee", "benchmark_quantity", "benchmark_cash")
"""In the order of its fields."""


def dump(portfolio: Portfolio) -> dict[str, Any]:
    """The portfolio as JSON-able values, exactly: `load(dump(p)) == p`."""
    return {
        **{name: getattr(portfolio, name) for name in ("portfolio_id", "paper")},
        **{name: str(getattr(portfolio, name)) for name in _AMOUNTS},
        "positions": {
            symbol: [str(held.quantity), str(held.cost)]
            for symbol, held in portfolio.positions.items()
        },
        "sleeves": {
            symbol: [sleeve.regime.value, *(str(getattr(sleeve, name)) for name in _OF_SLEEVE)]
            for symbol, sleeve in portfolio.sleeves.items()
        },
        "day": None if portfolio.day is None else portfolio.day.isoformat(),
        "last_at_us": None if portfolio.last_at is None else to_micros(portfolio.last_at),
    }


def load(dumped: Mapping[str, Any]) -> Portfolio:
    """The portfolio that `dump` wrote.

    Raises:
        ValueError: when `dumped` is no portfolio.
    """
    try:
        day, at_us = dumped["day"], dumped["last_at_us"]
        return Portfolio(
            portfolio_id=_of_type(str, dumped["portfolio_id"]),
            paper=_of_type(bool, dumped["paper"]),
            positions={
                symbol: Position(_amount(quantity), _amount(cost))
                for symbol, (quantity, cost) in dumped["positions"].items()
            },
            sleeves={symbol: _loaded(*each) for symbol, each in dumped["sleeves"].items()},
            day=None if day is None else date.fromisoformat(day),
            last_at=None if at_us is None else from_micros(_of_type(int, at_us)),
            **{name: _amount(dumped[name]) for name in _AMOUNTS},
        )
    except (AttributeError, KeyError, TypeError, ArithmeticError) as error:
        raise ValueError(f"not a portfolio: {error!r}") from error


def _of_type(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"not a portfolio: {value!r} is no {kind.__name__}")
    return value


def _amount(text: Any) -> Decimal:
    number = Decimal(_of_type(str, text))
    if not number.is_finite():
        raise ValueError(f"not a portfolio: {text!r} is no amount")
    return number


def _loaded(regime: Any, *amounts: Any) -> Sleeve:
    cash, paid_in, price, fee, quantity, left = map(_amount, amounts)
    return Sleeve(cash, paid_in, price, fee, quantity, left, Regime(regime))
