"""What the decisions are made with: read from settings, and told apart by its fingerprint."""

# covers: app.market.setup, app.market.bars

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.market.bars import bar_end, bar_number
from app.market.detector.sma200 import SMA200
from app.market.setup import (
    DEFAULT_SETUP,
    PAPER_SYMBOLS_MAX,
    MarketSetup,
    PaperPortfolio,
    parse_paper,
)


def test_paper_portfolios_are_read_as_they_are_written() -> None:
    assert parse_paper("main=SPX, IXIC; sim=SIM") == (
        PaperPortfolio("main", ("SPX", "IXIC")),
        PaperPortfolio("sim", ("SIM",)),
    )
    assert parse_paper("main=*") == (PaperPortfolio("main", None),)
    assert parse_paper("off") == parse_paper(" ") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("main", "must be PORTFOLIO=SYMBOL"),
        ("main=", "must be PORTFOLIO=SYMBOL"),
        ("main=SPX,", "must be PORTFOLIO=SYMBOL"),
        ("ma in=SPX", "must be PORTFOLIO=SYMBOL"),
        ("main=*,SPX", "must be PORTFOLIO=SYMBOL"),
        ("main=SPX;main=IXIC", "names the portfolio main twice"),
        ("main=" + ",".join(f"S{k}" for k in range(PAPER_SYMBOLS_MAX + 1)), "20 symbols at most"),
    ],
)
def test_what_names_no_portfolios_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace("*", r"\*")):
        parse_paper(text)


def test_a_portfolio_follows_its_own_symbols_or_any() -> None:
    assert PaperPortfolio("main", ("SPX",)).follows("SPX")
    assert not PaperPortfolio("main", ("SPX",)).follows("SIM")
    assert PaperPortfolio("main").follows("SIM")


def test_everything_that_a_fold_depends_on_changes_the_fingerprint() -> None:
    others = [
        MarketSetup(bar_s=60),
        MarketSetup(detector=SMA200),
        MarketSetup(rules=()),
        MarketSetup(paper=parse_paper("main=*")),
        MarketSetup(cash=Decimal(1)),
        MarketSetup(paper_fee=Decimal(0)),
    ]
    prints = {setup.fingerprint for setup in [*others, DEFAULT_SETUP]}
    assert len(prints) == len(others) + 1
    assert MarketSetup().fingerprint == DEFAULT_SETUP.fingerprint


@pytest.mark.parametrize("bar_s", [1, 60, 3_600, 86_400, 7 * 86_400])
def test_a_bar_holds_its_first_instant_and_not_its_end(bar_s: int) -> None:
    at = datetime(2020, 1, 6, 9, 30, 17, tzinfo=UTC)
    end = bar_end(bar_number(at, bar_s), bar_s)
    assert at < end <= at + timedelta(seconds=bar_s)
    assert bar_number(end, bar_s) == bar_number(at, bar_s) + 1
    assert bar_number(end - timedelta(microseconds=1), bar_s) == bar_number(at, bar_s)


def test_days_are_those_of_utc_also_before_1970() -> None:
    at = datetime(1950, 1, 3, 21, tzinfo=UTC)
    assert bar_end(bar_number(at, 86_400), 86_400) == datetime(1950, 1, 4, tzinfo=UTC)
