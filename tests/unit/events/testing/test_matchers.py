"""Matchers and values: what is like what, and what is refused because it could never be."""

# covers: events.testing.matchers, events.testing.values

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from events.catalog import Regime
from events.testing import (
    BadExpectation,
    Matcher,
    anything,
    approx,
    between,
    ge,
    gt,
    is_null,
    le,
    lt,
    matching,
    not_,
    one_of,
)
from events.testing.matchers import check_value, equal
from events.testing.values import shown

MOMENT = datetime(2008, 9, 15, 21, tzinfo=UTC)
ID = UUID(int=7)


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [
        ("CRASH", Regime.CRASH),
        (Regime.CRASH, Regime.CRASH),
        (Regime.CRASH, "CRASH"),
        ("1.5", Decimal("1.50")),
        (1.5, Decimal("1.5")),
        (1.1, Decimal("1.1")),
        (Decimal("0.1"), 0.1),
        (2, Decimal(2)),
        ("2008-09-15T21:00:00Z", MOMENT),
        ("2008-09-15T23:00:00+02:00", MOMENT),
        ("2008-09-15", MOMENT),
        (date(2008, 9, 15), MOMENT),
        (MOMENT, MOMENT),
        (str(ID), ID),
        (None, None),
        (True, True),
        (gt(0.3), 0.31),
        (gt("1.5"), Decimal("1.6")),
        (gt("2008-09-14"), MOMENT),
        (ge("2008-09-15"), MOMENT),
        (ge(0.3), 0.3),
        (lt(2), Decimal("1.9")),
        (le(MOMENT), MOMENT),
        (between(0.2, 0.4), 0.2),
        (between(3, 3), 3),
        (between("9", "10"), Decimal(10)),
        (approx(0.3), 0.1 + 0.2),
        (approx("100", within=0.5), Decimal("99.5")),
        (one_of("BULL", gt(5)), Regime.BULL),
        (one_of(1, gt(5)), 6),
        (not_("BULL"), Regime.BEAR),
        (not_(None), 1),
        (matching("^feed:"), "feed:demo"),
        (anything, None),
        (anything(), 3),
        (is_null, None),
        (is_null(), None),
    ],
)
def test_these_are_alike(wanted: Any, actual: Any) -> None:
    assert equal(wanted, actual)


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [
        ("CRASH", Regime.BULL),
        ("crash", Regime.CRASH),
        (0.1, Decimal("0.1000001")),
        (1, True),
        (True, 1),
        ("2008-09-16", MOMENT),
        (None, 0),
        (0, None),
        ("x", 5),
        (gt(0.3), 0.3),
        (gt(0.3), None),
        (gt(0.3), "text"),
        (gt("2008-09-15"), MOMENT),
        (lt(1), True),
        (between(0.2, 0.4), 0.41),
        (approx(1), 1.1),
        (approx(1), None),
        (one_of("BULL", "BEAR"), Regime.CRASH),
        (not_(gt(5)), 6),
        (matching("^feed:"), "a feed:demo"),
        (matching("x"), None),
        (is_null, 0),
    ],
)
def test_these_are_not(wanted: Any, actual: Any) -> None:
    assert not equal(wanted, actual)


@pytest.mark.parametrize(
    ("wanted", "kind", "problem"),
    [
        ("CRSH", Regime, "'CRSH' is no Regime; did you mean 'CRASH'?"),
        ("abc", Decimal, "'abc' is no number"),
        (float("nan"), float, "NaN equals nothing"),
        (True, int, "True is no number"),
        (1, bool, "1 is no bool"),
        (5, str, "5 is no str"),
        ("yesterday", datetime, "must be an RFC 3339 time"),
        (datetime(2008, 9, 15), datetime, "naive"),
        ("7", UUID, "is no id"),
        (None, float, "never null"),
        (is_null, float, "never null"),
        (not_(None), float, "never null"),
        (gt, float, "gt is a function: call it"),
        (gt("abc"), float, "'abc' is no number"),
        (gt(1), str, r"gt\(\) reads numbers and times, not a str"),
        (between(1, 2), bool, r"ge\(\) reads numbers"),
        (approx(1), str, r"approx\(\) reads numbers"),
        (one_of("CRASH", "CRSH"), Regime, "CRSH"),
        (matching("1"), Decimal, r"matching\(\) reads texts"),
    ],
)
def test_what_no_field_of_a_kind_can_hold_is_refused(wanted: Any, kind: type, problem: str) -> None:
    with pytest.raises(BadExpectation, match=problem):
        check_value(wanted, kind, nullable=False)


def test_null_is_fine_where_it_may_be() -> None:
    for wanted in (None, is_null, not_(None), one_of(None, 1)):
        check_value(wanted, float, nullable=True)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: between(5, 3), "between(5, 3) ends before it begins"),
        (lambda: between("2009-01-01", "2008-01-01"), "ends before it begins"),
        (lambda: gt(None), "gt() needs a value, not None"),
        (lambda: gt(lt(1)), "gt() needs a value, not lt(1)"),
        (one_of, "one_of() needs something to choose from"),
        (lambda: matching("("), "'(' is no regular expression"),
        (lambda: approx("much"), "'much' is no number"),
    ],
)
def test_what_can_match_nothing_is_refused(make: Any, problem: str) -> None:
    with pytest.raises(BadExpectation) as refused:
        make()
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("matcher", "text"),
    [
        (gt(0.3), "gt(0.3)"),
        (between("1", 2), "between('1', 2)"),
        (approx(2, within=0.5), "approx(2 ± 0.5)"),
        (one_of("BULL", Regime.BEAR), "one_of('BULL', 'BEAR')"),
        (not_("x"), "not_('x')"),
        (matching("a+"), "matching('a+')"),
        (anything, "anything"),
        (is_null(), "is_null"),
    ],
)
def test_a_matcher_reads_as_it_was_written(matcher: Matcher, text: str) -> None:
    assert repr(matcher) == text


def test_values_are_shown_as_people_write_them() -> None:
    values = [Regime.CRASH, Decimal("1E+2"), MOMENT, ID, None, "x" * 200]
    assert [shown(value) for value in values][:5] == [
        "'CRASH'",
        "100",
        "2008-09-15T21:00:00.000000Z",
        str(ID),
        "None",
    ]
    assert shown(values[5]).endswith("…")
