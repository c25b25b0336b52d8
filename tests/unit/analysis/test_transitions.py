"""Shifts are counted by where they come from and where they lead; only what ended has a length."""

from typing import Any

import pytest

from app.analysis.transitions import REGIMES, transitions
from app.market.episodes import Episode

SECOND_US = 1_000_000
EMPTY: dict[str, Any] = dict.fromkeys(Episode._fields)


def chain(*regimes: str, seconds: int = 10) -> list[Episode]:
    """Episodes of one length, the last of which lasts; the n-th has n bars, from 1."""
    made = []
    for place, regime in enumerate(regimes):
        changes = {
            "regime": regime,
            "previous_regime": regimes[place - 1] if place else None,
            "start_us": place * seconds * SECOND_US,
            "end_us": (place + 1) * seconds * SECOND_US if place + 1 < len(regimes) else None,
            "bars": place + 1,
        }
        made.append(Episode(**(EMPTY | changes)))
    return made


def test_shifts_are_counted_by_what_they_leave_and_enter() -> None:
    told = transitions(chain("BULL", "BEAR", "BULL", "CRASH", "BULL", "BEAR"))
    assert told.counts["BULL"] == {"BEAR": 2, "CRASH": 1, "SIDEWAYS": 0}
    assert told.counts["BEAR"] == {"BULL": 1, "CRASH": 0, "SIDEWAYS": 0}
    assert told.probabilities["BULL"]["BEAR"] == pytest.approx(2 / 3)
    assert told.probabilities["CRASH"]["BULL"] == 1
    assert set(told.probabilities["SIDEWAYS"].values()) == {None}
    assert told.episodes == {"BULL": 3, "BEAR": 2, "CRASH": 1, "SIDEWAYS": 0}


def test_means_are_those_of_episodes_that_ended() -> None:
    told = transitions(chain("BULL", "BEAR", "BULL", "BEAR"))
    assert told.mean_duration_s == {"BULL": 10, "BEAR": 10, "CRASH": None, "SIDEWAYS": None}
    assert told.mean_bars == {"BULL": 2, "BEAR": 2, "CRASH": None, "SIDEWAYS": None}


def test_shifts_outside_the_times_do_not_count() -> None:
    known = chain("BULL", "BEAR", "CRASH", "SIDEWAYS")
    told = transitions(known[1:3], 15 * SECOND_US, 20 * SECOND_US)
    assert told.counts["BULL"]["BEAR"] == 0
    assert told.counts["BEAR"]["CRASH"] == 1
    assert sum(told.episodes.values()) == 2


def test_every_regime_has_its_row_also_without_an_episode() -> None:
    told = transitions([])
    assert REGIMES == ("BULL", "BEAR", "CRASH", "SIDEWAYS")
    for table in (told.counts, told.probabilities):
        assert {out: set(row) for out, row in table.items()} == {
            out: set(REGIMES) - {out} for out in REGIMES
        }
    assert set(told.mean_bars.values()) == {None}
