"""A small market with a past: a year that rises, a crash, and half of the way back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from tests.e2e.server import Server

SYMBOL: Final = "E2E"
BEGIN: Final = datetime(2007, 1, 1, 21, tzinfo=UTC)
BARS: Final = 420
CRASHES_AT, RECOVERS_AT = 300, 345

Json = dict[str, Any]


def bar(number: int, price: str, symbol: str = SYMBOL) -> Json:
    """The ready bar of one day, as it is posted."""
    at = BEGIN + timedelta(days=number)
    return {"symbol": symbol, "price": price, "timestamp": at.isoformat(), "bar_s": 86_400}


def prices() -> list[str]:
    """The closes of all days: they go up and down by turns, so that there is some volatility."""
    price, found = Decimal(1400), []
    for number in range(BARS):
        drift, swing = Decimal("1.0006"), Decimal("0.004")
        if number >= CRASHES_AT:
            drift, swing = Decimal("0.985"), Decimal("0.01")
        if number >= RECOVERS_AT:
            drift, swing = Decimal("1.004"), Decimal("0.004")
        price *= drift + (swing if number % 2 else -swing)
        found.append(f"{price:.2f}")
    return found


def post_past(server: Server) -> None:
    """Record the whole past, under a rule that finds the falls critical."""
    rule = {"rule_id": "deep", "kind": "drawdown", "severity": "critical", "threshold": "0.2"}
    server.post("api/alert-rules", rule)
    bars = [bar(number, price) for number, price in enumerate(prices())]
    server.post("api/prices", {"prices": bars})


def shifts(server: Server) -> list[Json]:
    """The shifts of the symbol, oldest first: the positions and regimes of the episodes but the first."""
    episodes: list[Json] = server.get(f"api/episodes?symbol={SYMBOL}")["episodes"]
    return episodes[1:]
