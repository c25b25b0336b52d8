"""A small log that most of these tests look at: a crash, its alert, and what came before and after."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.testing import LogUnderTest, PriceAlert, PriceUpdated, RegimeUpdated, Span, load_span

SPAN = Path(__file__).parents[3] / "spans" / "spx-2008-09.ndjson"


@pytest.fixture
def log() -> Iterator[LogUnderTest]:
    """1 price, 2 regime BEAR, 3 price, 4 regime CRASH, 5 its alert, 6 another symbol's price."""
    with LogUnderTest() as opened:
        first = opened.append(PriceUpdated(symbol="SPX", price="1200", timestamp="2008-09-12"))
        opened.append(
            RegimeUpdated(symbol="SPX", regime="BEAR", confidence=0.4), caused_by=first[0]
        )
        second = opened.append(PriceUpdated(symbol="SPX", price="1100", timestamp="2008-09-15"))
        crash = opened.append(
            RegimeUpdated(symbol="SPX", regime="CRASH", confidence=0.8, timestamp="2008-09-15"),
            caused_by=second[0],
        )
        opened.append(
            PriceAlert(symbol="SPX", kind="regime_shift", severity="critical", message="CRASH"),
            source="manual",
            caused_by=crash[0],
        )
        opened.append(PriceUpdated(symbol="IXIC", price="2000", timestamp="2008-09-15"))
        yield opened


@pytest.fixture
def span() -> Span:
    """The real autumn of 2008."""
    return load_span(SPAN)
