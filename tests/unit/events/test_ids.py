"""Deterministic ids: one tick, one name."""

from datetime import timedelta, timezone
from decimal import Decimal
from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from events.ids import TICK_NAMESPACE, named_id, tick_event_id
from tests.unit.events.builders import NOON

prices = st.decimals(min_value=Decimal("0.000000000001"), max_value=Decimal("9" * 18), places=12)


def test_the_same_tick_has_the_same_id_for_ever() -> None:
    name = tick_event_id("feed:a", "SPX", NOON, Decimal("1229.23"), "price")
    assert str(name) == "5b5948ad-a065-5dad-96ea-c14d8dd83382"
    assert name.version == 5


@given(prices, prices)
def test_two_prices_have_one_id_only_if_they_are_equal(left: Decimal, right: Decimal) -> None:
    ids = {tick_event_id("f", "S", NOON, price, "r") for price in (left, right)}
    assert len(ids) == (1 if left == right else 2)


def test_prices_that_differ_in_their_last_of_thirty_digits_have_two_ids() -> None:
    digits = "123456789012345678.12345678901"
    ids = {tick_event_id("f", "S", NOON, Decimal(digits + last), "r") for last in "1234567890"}
    assert len(ids) == 10


def test_neither_trailing_zeros_nor_the_zone_make_another_tick() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    texts = ("100", "100.0", "100.00", "1E+2")
    ids = {tick_event_id("f", "S", at, Decimal(t), "r") for t in texts for at in (NOON, there)}
    assert len(ids) == 1


def test_every_part_counts() -> None:
    later = NOON + timedelta(microseconds=1)
    ids = {
        tick_event_id("f", "S", NOON, Decimal(1), "r"),
        tick_event_id("g", "S", NOON, Decimal(1), "r"),
        tick_event_id("f", "T", NOON, Decimal(1), "r"),
        tick_event_id("f", "S", later, Decimal(1), "r"),
        tick_event_id("f", "S", NOON, Decimal(1), "q"),
    }
    assert len(ids) == 5


@given(st.text(max_size=60))
def test_a_name_gives_the_uuid_of_version_5(name: str) -> None:
    assert named_id(name) == uuid5(TICK_NAMESPACE, name)
    assert named_id(name).version == 5
