"""A snapshot that cannot be trusted is refused, so that the log is folded from its start."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.market.alerts.rules import AlertRule
from app.market.commands import SetAlertRule
from app.market.decide import decide
from app.market.detector.sma200 import SMA200
from app.market.setup import MarketSetup, parse_paper
from app.market.snapshot import SnapshotError, from_snapshot, to_snapshot
from app.market.state import initial
from events.catalog import AlertKind
from tests.unit.market.builders import bars, evolve_all, falling, play


def test_the_empty_state_survives() -> None:
    assert from_snapshot(to_snapshot(initial())) == initial()


@pytest.mark.parametrize(
    "other",
    [
        MarketSetup(bar_s=60),
        MarketSetup(detector=SMA200),
        MarketSetup(rules=()),
        MarketSetup(paper=parse_paper("main=*")),
        MarketSetup(cash=Decimal(1)),
        MarketSetup(paper_fee=Decimal(0)),
    ],
)
def test_a_snapshot_of_another_setup_is_refused(other: MarketSetup) -> None:
    snapshot = to_snapshot(play(bars(["100", "101"]))[0])
    with pytest.raises(SnapshotError, match="made with"):
        from_snapshot(snapshot, other)


def test_portfolios_rules_and_versions_survive() -> None:
    state = initial(MarketSetup(paper=parse_paper("main=*")))
    rule = AlertRule(rule_id="deep", kind=AlertKind.PRICE_BELOW, threshold=Decimal(90))
    state = evolve_all(state, decide(state, SetAlertRule(rule, UUID(int=1))))
    state, _ = play(bars(falling()), state)
    assert state.portfolios["main"].sleeves
    restored = from_snapshot(json.loads(json.dumps(to_snapshot(state))), state.setup)
    assert restored == state
    assert repr(restored) == repr(state)


@pytest.mark.parametrize(
    "damage",
    [
        {"detector": None},
        {"detector": {}},
        {"reading": {"regime": "UP"}},
        {"last_price": "many"},
        {"last_at_us": "noon"},
        {"watch": "all"},
        {"shift_id": "none"},
    ],
)
def test_a_damaged_snapshot_is_refused(damage: dict[str, Any]) -> None:
    snapshot = to_snapshot(play(bars(["100", "101"]))[0])
    snapshot["symbols"]["SPX"] |= damage
    with pytest.raises(SnapshotError, match="not a snapshot"):
        from_snapshot(snapshot)


def test_what_is_no_snapshot_is_refused() -> None:
    with pytest.raises(SnapshotError):
        from_snapshot({})
