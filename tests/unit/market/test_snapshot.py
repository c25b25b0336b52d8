"""A snapshot that cannot be trusted is refused, so that the log is folded from its start."""

from typing import Any

import pytest

from app.market.snapshot import SnapshotError, from_snapshot, to_snapshot
from app.market.state import initial
from tests.unit.market.builders import bars, play


def test_the_empty_state_survives() -> None:
    assert from_snapshot(to_snapshot(initial())) == initial()


@pytest.mark.parametrize("key", ["name", "version", "constants_hash"])
def test_a_snapshot_of_another_detector_is_refused(key: str) -> None:
    snapshot = to_snapshot(play(bars(["100", "101"]))[0])
    snapshot["detector"][key] = "other"
    with pytest.raises(SnapshotError, match="made by"):
        from_snapshot(snapshot)


@pytest.mark.parametrize(
    "damage",
    [
        {"detector": None},
        {"detector": {}},
        {"reading": {"regime": "UP"}},
        {"last_price": "many"},
        {"last_at_us": "noon"},
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
