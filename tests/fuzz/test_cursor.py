"""Where a reader begins: positions, moments, bounds and manifests; any text is read as documented, or refused so."""

# covers: app.moments, app.exporting.manifest

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.exporting.manifest import BadManifest, Kept
from app.moments import POSITION_MAX, moment_text, parse_bound, parse_moment
from events.errors import EpochMismatch, PositionBeyondHead
from events.log import EventLog
from events.memory_store import MemoryEventStore
from tests.fuzz.effort import fuzzed, read_or_refused
from tests.fuzz.messages import ANY_JSON, TIMES, near_misses
from tests.unit.events.builders import new

HASH = "0" * 64
MANIFEST = {
    "manifest_version": 1,
    "made_by": "regime-synapse 1",
    "made_at": "2026-01-16T12:00:00.000000Z",
    "file": "log.csv",
    "format": "csv",
    "schemas": {"price_update": 1},
    "bytes": 3,
    "sha256": HASH,
    "events": 8,
    "first_position": 7,
    "last_position": 14,
    "epoch": "e",
    "from": 2,
    "from_hash": HASH,
    "to": 14,
    "to_hash": HASH,
    "head": 20,
    "head_hash": HASH,
    "selection": {
        "before": 15,
        "since": "2026-01-16T12:00:00.000000Z",
        "until": None,
        "channels": ["prices"],
        "symbols": ["SPX"],
        "types": None,
        "limit": 5,
    },
    "previous": {"manifest": "other.csv.manifest.json", "sha256": HASH},
}

dates = st.dates().map(str)
digits = st.integers(0, 10**17).map(str) | st.text("0123456789 +-.e_٣", max_size=18)
almost_times = st.builds(
    lambda text, at, more: text[:at] + more + text[at + 1 :],
    TIMES | dates,
    st.integers(0, 30),
    st.text(max_size=2),
)
moments = (
    st.sampled_from(["head", "last-shift", "Head", "head ", ""])
    | digits
    | TIMES
    | dates
    | almost_times
    | st.text()
)


@fuzzed(400)
@given(moments)
def test_any_text_is_a_moment_or_none(text: str) -> None:
    moment, told = read_or_refused(lambda: parse_moment(text), ValueError)
    if moment is None:
        assert "must be a position" in told
        return
    if isinstance(moment, int):
        assert 0 <= moment <= POSITION_MAX
        assert int(text) == moment
    elif isinstance(moment, datetime):
        assert moment.tzinfo is UTC
        assert parse_moment(moment_text(moment)) == moment
    else:
        assert moment == text


@fuzzed(150)
@given(ANY_JSON)
def test_what_is_no_text_is_no_moment(value: object) -> None:
    if not isinstance(value, str):
        with pytest.raises(ValueError, match="must be a position"):
            parse_moment(value)


@fuzzed(250)
@given(dates | TIMES | almost_times | st.text(), st.booleans())
def test_any_text_is_a_bound_or_none(text: str, end: bool) -> None:
    bound, told = read_or_refused(lambda: parse_bound(text, end=end), ValueError)
    if bound is None:
        assert "must be a time" in told
        return
    assert bound.tzinfo is UTC
    # A day's beginning is not after its end; of a time both are the same.
    assert parse_bound(text, end=False) <= bound <= parse_bound(text, end=True)


@fuzzed(60)
@given(st.lists(st.tuples(st.integers(0, 2**53 - 1) | st.integers(0, 9), st.text(max_size=64))))
async def test_any_epoch_and_position_is_a_place_of_this_log_or_refused(
    cursors: Sequence[tuple[int, str]],
) -> None:
    log = await EventLog.open(MemoryEventStore())
    try:
        await log.append([new() for _ in range(3)])
        for position, text in cursors:
            for epoch in (None, log.head.epoch, text):
                if epoch not in {None, log.head.epoch}:
                    with pytest.raises(EpochMismatch):
                        await log.check_cursor(position, epoch)
                elif position > 3:
                    with pytest.raises(PositionBeyondHead):
                        await log.check_cursor(position, epoch)
                else:
                    await log.check_cursor(position, epoch)
    finally:
        await log.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that every example writes anew."""
    return tmp_path_factory.mktemp("manifests") / "log.csv.manifest.json"


def test_the_manifest_that_is_changed_here_is_a_valid_one(place: Path) -> None:
    place.write_text(json.dumps(MANIFEST))
    assert json.loads(Kept.load(place).manifest.text()) == MANIFEST


@fuzzed(120)
@given(near_misses(st.just(MANIFEST)).map(str.encode) | st.binary())
def test_any_file_is_a_manifest_or_none(place: Path, text: bytes) -> None:
    place.write_bytes(text)
    kept, told = read_or_refused(lambda: Kept.load(place), BadManifest)
    if kept is None:
        assert told.startswith(str(place))
        return
    # What is taken can be gone on from, made again and written again.
    assert kept.asked().after == kept.manifest.to
    assert kept.manifest.again().before == kept.manifest.to + 1
    assert kept.file.parent == place.parent
    place.write_text(kept.manifest.text())
    assert Kept.load(place).manifest == kept.manifest
