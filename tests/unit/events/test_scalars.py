"""Exact numbers, UTC times and symbols, as texts and back."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from events.scalars import (
    ExactNumber,
    Finite,
    Fraction,
    Label,
    Price,
    Quantity,
    Symbol,
    TooManyDecimals,
    UtcTime,
    format_decimal,
    format_micros,
    format_time,
    from_micros,
    parse_decimal,
    parse_time,
    to_micros,
)

exact = st.decimals(
    min_value=Decimal(-(10**18) + 1),
    max_value=Decimal(10**18 - 1),
    places=12,
    allow_nan=False,
)
moments = st.datetimes(
    min_value=datetime(2, 1, 1),
    max_value=datetime(9998, 12, 31),
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@given(exact)
def test_a_decimal_survives_its_text(value: Decimal) -> None:
    text = format_decimal(value)
    assert "E" not in text
    assert parse_decimal(text) == value
    assert format_decimal(parse_decimal(text)) == text


@pytest.mark.parametrize("text", ["0", "1229.23", "-0.5", "100.00", "1.000000000001", "9" * 18])
def test_fixed_point_texts_are_read_as_they_stand(text: str) -> None:
    assert format_decimal(parse_decimal(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+1",
        "01",
        ".5",
        "1.",
        "1e5",
        "1E-2",
        "NaN",
        "Infinity",
        "-inf",
        "1,000",
        " 1",
        "1 ",
        "1.5\n",
        "1_000",
        "0x10",
        "\N{ARABIC-INDIC DIGIT ONE}",
        "9" * 19,
        "9" * 19 + "." + "0" * 13,
    ],
)
def test_any_other_text_is_no_exact_number(text: str) -> None:
    with pytest.raises(ValueError, match="decimal string"):
        parse_decimal(text)


@pytest.mark.parametrize("text", ["1." + "0" * 13, "-184.5329284667969", "0." + "1" * 13])
def test_too_many_digits_after_the_point_are_counted(text: str) -> None:
    with pytest.raises(TooManyDecimals, match=r"^has 13 digits after the point; at most 12$"):
        parse_decimal(text)


@pytest.mark.parametrize("value", [1, 1.5, True, None, [], b"1"])
def test_json_numbers_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not a number"):
        parse_decimal(value)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1E+18", "1E-13"])
def test_a_decimal_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most 18 digits"):
        parse_decimal(Decimal(text))


def test_prices_are_above_zero_and_quantities_not_below_it() -> None:
    price, quantity = TypeAdapter(Price), TypeAdapter(Quantity)
    assert price.validate_python("0.000000000001") == Decimal("0.000000000001")
    assert quantity.validate_python("0") == 0
    for bad in ("0", "-1"):
        with pytest.raises(ValidationError):
            price.validate_python(bad)
    with pytest.raises(ValidationError):
        quantity.validate_python("-0.1")


def test_exact_numbers_are_written_as_strings() -> None:
    adapter = TypeAdapter(ExactNumber)
    assert adapter.dump_json(Decimal("1E+3")) == b'"1000"'
    assert adapter.json_schema()["type"] == "string"


# --- times --------------------------------------------------------------------------------------


@given(moments)
def test_a_time_survives_its_text_and_its_number(moment: datetime) -> None:
    text = format_time(moment)
    assert text.endswith("Z")
    assert len(text) == 27
    assert parse_time(text) == moment
    assert parse_time(text).tzinfo is UTC
    assert parse_time(moment.isoformat()) == moment
    assert from_micros(to_micros(moment)) == moment
    assert format_micros(to_micros(moment)) == text


@given(st.integers(-(10**15), 10**15))
def test_a_number_survives_its_time(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


def test_times_are_put_into_utc_and_cut_at_the_microsecond() -> None:
    assert format_time(parse_time("2026-01-16t13:00:00.1234567+01:00")) == (
        "2026-01-16T12:00:00.123456Z"
    )
    assert to_micros(parse_time("1969-12-31T23:59:59.999999z")) == -1


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-16T12:00:00",
        "2026-01-16",
        "2026-01-16T12:00Z",
        "2026-01-16 12:00:00Z",
        "2026-01-16T12:00:00Z\n",
        "2026-13-16T12:00:00Z",
        "2026-01-16T12:00:60Z",
        "2026-01-16T12:00:00+25:00",
        "2026-W03-5T12:00:00Z",
        "now",
        "",
        1_768_564_800,
        1.5,
        None,
        datetime(2026, 1, 16),
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_a_time_that_names_no_moment_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_time(value)


def test_utc_times_keep_their_type_in_python_and_become_text_in_json() -> None:
    adapter = TypeAdapter(UtcTime)
    moment = adapter.validate_python("2026-01-16T12:00:00Z")
    assert adapter.dump_python(moment) == moment
    assert adapter.dump_json(moment) == b'"2026-01-16T12:00:00.000000Z"'


# --- names and floats ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SPX", "^GSPC", "BRK.B", "EUR/USD", "BTC-USD", "ES=F", "A" * 32])
def test_symbols_of_all_markets_are_known(name: str) -> None:
    assert TypeAdapter(Symbol).validate_python(name) == name


@pytest.mark.parametrize(
    "name", ["", "A" * 33, "A B", "A\n", "-A", 'A"', "\N{GREEK CAPITAL LETTER ALPHA}"]
)
def test_a_text_with_other_signs_is_no_symbol(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Symbol).validate_python(name)


@pytest.mark.parametrize("name", ["", "a|b", "a\n", ".a", "a" * 65])
def test_a_text_with_other_signs_is_no_label(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Label).validate_python(name)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_floats_are_finite(value: float) -> None:
    for adapter in (TypeAdapter(Fraction), TypeAdapter(Finite)):
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


@pytest.mark.parametrize("value", [-0.0001, 1.0001])
def test_fractions_lie_between_0_and_1(value: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Fraction).validate_python(value)
