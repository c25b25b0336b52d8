"""What is asked of an export: ranges that make sense, said as JSON, and continued."""

from datetime import timedelta

import pytest

from app.exporting.asked import Asked, Counted, EmptyRange, Span
from tests.unit.events.builders import NOON

SPAN = Span("e", 9, "aa", 2, "bb", 7, "cc")


@pytest.mark.parametrize(
    "asked",
    [
        Asked(after=5, before=5),
        Asked(before=0),
        Asked(after=5, before=2),
        Asked(since=NOON, until=NOON - timedelta(microseconds=1)),
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused(asked: Asked) -> None:
    with pytest.raises(EmptyRange, match="ends before it begins"):
        asked.check()


@pytest.mark.parametrize(
    "asked", [Asked(), Asked(after=5, before=6), Asked(before=1), Asked(since=NOON, until=NOON)]
)
def test_one_that_holds_nothing_is_no_fault(asked: Asked) -> None:
    asked.check()


def test_it_is_continued_with_its_selection_alone() -> None:
    asked = Asked(
        after=1, before=9, since=NOON, until=NOON, channels=["prices"], symbols=["SPX"], limit=3
    )
    said = asked.said()
    assert said == {
        "after": 1,
        "before": 9,
        "since": "2026-01-16T12:00:00.000000Z",
        "until": "2026-01-16T12:00:00.000000Z",
        "channels": ["prices"],
        "symbols": ["SPX"],
        "limit": 3,
    }
    went_on = Asked(after=7, since=NOON, until=NOON, channels=["prices"], symbols=["SPX"])
    assert Asked.of_selection(said, 7) == went_on


def test_a_selection_is_said_in_one_way() -> None:
    asked = Asked(after=1, before=9, limit=2, symbols=["SPX", "IXIC", "SPX"], types=[], since=NOON)
    assert asked.chosen() == {
        "since": "2026-01-16T12:00:00.000000Z",
        "symbols": ["IXIC", "SPX"],
        "types": [],
    }
    assert asked.said() == {"after": 1, "before": 9, "limit": 2, **asked.chosen()}


def test_headers_tell_a_span() -> None:
    headers = SPAN.headers()
    assert headers["X-Synapse-To-Hash"] == "cc"
    assert Span.of_headers(headers) == SPAN
    with pytest.raises(KeyError):
        Span.of_headers({"X-Synapse-Epoch": "e"})
    with pytest.raises(ValueError, match="invalid literal"):
        Span.of_headers({**headers, "X-Synapse-Head": "far"})


def test_pages_are_counted() -> None:
    counted = Counted()
    for page in ([3, 4], [9]):
        counted.add(page)
    assert counted == Counted(3, 3, 9)
