"""The wall clock and the time-ordered ids."""

import time
from uuid import RFC_4122

import pytest

from events.clock import now_us, uuid7


def test_now_is_the_wall_clock_in_microseconds() -> None:
    before = time.time_ns() // 1_000
    assert before <= now_us() <= time.time_ns() // 1_000


def test_ids_are_of_version_7_and_hold_their_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    ids = [uuid7() for _ in range(1_000)]
    after = time.time_ns() // 1_000_000
    assert {one.version for one in ids} == {7}
    assert {one.variant for one in ids} == {RFC_4122}
    assert len(set(ids)) == 1_000
    assert all(before <= one.int >> 80 <= after for one in ids)


def test_a_later_millisecond_sorts_later(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for millisecond in (1, 2, 3, 1_768_564_800_000, 2**48 - 1):
        monkeypatch.setattr(time, "time_ns", lambda now=millisecond: now * 1_000_000)
        ids.append(uuid7())
    assert ids == sorted(ids)
    assert [one.int >> 80 for one in ids] == [1, 2, 3, 1_768_564_800_000, 2**48 - 1]
