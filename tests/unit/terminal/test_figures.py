from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from app.terminal import figures

CLOSE = datetime(2008, 9, 15, 21, tzinfo=UTC)


def test_fractions_are_percent() -> None:
    assert figures.percent(0.873) == "87.3 %"
    assert figures.share(0.873) == "87 %"
    assert figures.signed_percent(-0.1234) == "-12.3 %"
    assert figures.signed_percent(0.05) == "+5.0 %"


def test_a_figure_that_rounds_to_nothing_has_no_sign() -> None:
    assert figures.signed_percent(-0.0001) == "0.0 %"
    assert figures.percent(-0.0001) == "0.0 %"
    assert figures.signed(-0.001) == "0.00"
    assert figures.plain(-0.00001) == "0.0000"


def test_prices_are_as_on_the_dashboard() -> None:
    assert figures.price(Decimal("1192.7")) == "1,192.70"
    assert figures.price(Decimal("0.000123456")) == "0.00012346"
    assert figures.price(Decimal("1.23456789")) == "1.2346"
    assert figures.price(0.0) == "0.00"
    assert figures.money(Decimal("-194502.307")) == "-194,502.31"
    assert figures.count(41580) == "41,580"


@pytest.mark.parametrize(
    "write",
    [
        figures.percent,
        figures.signed_percent,
        figures.signed,
        figures.plain,
        figures.price,
        figures.money,
        figures.count,
        figures.instant,
        figures.duration,
    ],
)
def test_what_is_not_known_is_a_dash(write: object) -> None:
    assert callable(write)
    assert write(None) == "-"


def test_times_are_utc_and_may_be_given_as_moments_again() -> None:
    there = datetime(2008, 9, 15, 17, tzinfo=timezone(timedelta(hours=-4)))
    assert figures.instant(there) == "2008-09-15T21:00:00Z"


def test_things_are_counted_with_their_name() -> None:
    told = [figures.counted(count, "shift") for count in (0, 1, 1_204)]
    assert told == ["0 shifts", "1 shift", "1,204 shifts"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("2008-09-16T09:00:00Z", "2008-09-16T09:00:00Z"),
        ("2008-09-17", "2008-09-17"),
        ("2008-09-15", ""),
        ("2008-09-15T21:00:00Z", ""),
        ("head", ""),
        ("14271", ""),
        (None, ""),
    ],
)
def test_an_asked_time_is_echoed_where_what_was_found_is_earlier(
    asked: str | None, told: str
) -> None:
    assert figures.asked_text(asked, CLOSE) == told
    assert not figures.asked_text(asked, None)


def test_a_column_of_daily_closes_is_one_of_days() -> None:
    days = [CLOSE, CLOSE + timedelta(days=1), None]
    assert figures.instants(days) == ["2008-09-15", "2008-09-16", "-"]
    assert figures.instants([CLOSE, CLOSE + timedelta(hours=1)])[1] == "2008-09-15T22:00:00Z"
    assert figures.instants([CLOSE]) == ["2008-09-15T21:00:00Z"]
    assert figures.instants([]) == []


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (78 * 86_400 + 5, "78 d"),
        (7_500, "2 h 5 min"),
        (7_200, "2 h"),
        (61, "1 min 1 s"),
        (13.4, "13 s"),
        (0, "0 s"),
    ],
)
def test_durations(seconds: float, told: str) -> None:
    assert figures.duration(seconds) == told


def test_what_would_steer_the_terminal_is_taken_out() -> None:
    assert figures.safe("low\x1b[2J\nnext") == "low\ufffd[2J\ufffdnext"
    assert figures.safe("Zürich ▲ 🐻") == "Zürich ▲ 🐻"
