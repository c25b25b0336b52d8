"""How what-ifs and hindsight write counts and times."""

from datetime import UTC, datetime, timedelta

import pytest

from app.whatif.words import is_daily, signed_bars, time_text

AT = datetime(2008, 9, 29, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bars", "text"),
    [
        (None, "-"),
        (0, "0 bars"),
        (8, "+8 bars"),
        (1, "+1 bar"),
        (-1, "-1 bar"),
        (-120, "-120 bars"),
    ],
)
def test_bars_after_something_have_a_sign(bars: int | None, text: str) -> None:
    assert signed_bars(bars) == text


def test_days_name_daily_bars_and_times_all_others() -> None:
    assert is_daily(AT, AT + timedelta(days=30), 22)
    assert not is_daily(AT, AT + timedelta(days=1), 25)
    assert time_text(AT, daily=True) == "2008-09-29"
    assert time_text(AT, daily=False) == "2008-09-29T21:00:00Z"
    assert time_text(None, daily=True) == "-"
