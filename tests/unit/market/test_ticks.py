"""A tick that makes no sense is refused, and the error names the field."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from app.market.ticks import PriceTick

GOOD: dict[str, Any] = {
    "symbol": "SPX",
    "price": "101.5",
    "timestamp": "2020-01-06T21:00:00Z",
    "open": "100",
    "high": "102",
    "low": "99.5",
    "volume": "1000",
    "bar_s": 86_400,
}


def fields_in_error(**changes: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        PriceTick.model_validate(GOOD | changes)
    return [str(error["loc"][0]) for error in caught.value.errors()]


def test_a_whole_bar_is_accepted_and_exact() -> None:
    tick = PriceTick.model_validate(GOOD)
    assert (tick.price, tick.low) == (Decimal("101.5"), Decimal("99.5"))


def test_a_bare_tick_needs_only_symbol_price_and_time() -> None:
    tick = PriceTick.model_validate({key: GOOD[key] for key in ("symbol", "price", "timestamp")})
    assert {tick.open, tick.high, tick.low, tick.volume, tick.bar_s} == {None}


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "1e3", 101.5, None, ""])
def test_a_price_that_is_no_exact_positive_number_is_refused(price: object) -> None:
    assert "price" in fields_in_error(price=price)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("symbol", ""),
        ("timestamp", "2020-01-06T21:00:00"),
        ("timestamp", 1578344400),
        ("open", "0"),
        ("volume", "-1"),
        ("bar_s", 0),
        ("bar_s", 40_000_000),
        ("note", "x"),
    ],
)
def test_the_error_names_the_field(field: str, value: object) -> None:
    assert fields_in_error(**{field: value}) == [field]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"high": "101"}, "high"),
        ({"low": "101"}, "low"),
        ({"open": "103"}, "high"),
        ({"open": "99"}, "low"),
    ],
)
def test_a_range_that_does_not_enclose_open_and_price_is_refused(
    changes: dict[str, str], field: str
) -> None:
    assert field in fields_in_error(**changes)


@pytest.mark.parametrize("missing", ["open", "high", "low"])
def test_open_high_and_low_come_together(missing: str) -> None:
    with pytest.raises(ValidationError, match=f"{missing} is missing"):
        PriceTick.model_validate(GOOD | {missing: None})
