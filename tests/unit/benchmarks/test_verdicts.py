"""Who wins is said by rule: behind is behind, in whatever unit, and a limit is never a peer."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.record import Better, Recorder, Series, read
from benchmarks.verdicts import AHEAD, BEHIND, LIMIT, OWN, judged, losses

OURS = Series("ours", "ms", (10.0, 12.0, 11.0), ours=True)


def results(folder: Path, better: Better, *others: Series, ratio_to: str = "") -> dict[str, Any]:
    recorder = Recorder(folder / "r.json")
    recorder.table("t", "Title", better=better, series=[OURS, *others])
    if ratio_to:
        recorder.ratio("t", "ours", ratio_to, [0.5, 0.6, 0.7], goal=0.8)
    return read(folder / "r.json")


@pytest.mark.parametrize(
    ("better", "values", "kind", "words"),
    [
        ("higher", (5.0, 6.0, 5.0), AHEAD, "ahead"),
        ("lower", (5.0, 6.0, 5.0), BEHIND, "**slower: we lose**"),
        ("higher", (50.0, 60.0, 50.0), BEHIND, "**slower: we lose**"),
        ("lower", (50.0, 60.0, 50.0), AHEAD, "ahead"),
        ("lower", (9.0, 13.0, 9.0), BEHIND, "**slower: we lose**, within the spread"),
    ],
)
def test_a_peer_is_ahead_or_behind_whichever_way_is_better(
    tmp_path: Path, better: Better, values: tuple[float, ...], kind: str, words: str
) -> None:
    found = results(tmp_path, better, Series("peer", "ms", values))
    assert [(one.kind, one.verdict) for one in judged(found, "t")] == [(kind, words)]
    assert bool(losses(found)) == (kind == BEHIND)


def test_a_limit_and_our_own_other_way_are_no_losses(tmp_path: Path) -> None:
    limit = Series("bare", "ms", (1.0, 1.0, 1.0), limit=True)
    found = results(tmp_path, "lower", limit, ratio_to="bare")
    assert [one.kind for one in judged(found, "t")] == [LIMIT]
    own = Series("ours, fast", "ms", (1.0, 1.0, 1.0), ours=True)
    found = results(tmp_path, "lower", own, ratio_to="ours, fast")
    assert {one.kind for one in judged(found, "t") if one.to == "ours, fast"} == {OWN}
    assert losses(found) == []


def test_a_recorded_ratio_is_taken_and_its_goal_judged(tmp_path: Path) -> None:
    found = results(tmp_path, "higher", Series("peer", "ms", (1.0, 1.0, 1.0)), ratio_to="peer")
    (one,) = judged(found, "t")
    assert (one.median, one.least, one.most, one.reached) == (0.6, 0.5, 0.7, False)


def test_a_peer_without_a_recorded_ratio_is_judged_too(tmp_path: Path) -> None:
    peers = (Series("peer", "ms", (1.0, 1.0, 1.0)), Series("other", "ms", (99.0, 99.0, 99.0)))
    found = results(tmp_path, "higher", *peers, ratio_to="peer")
    assert {one.to: one.goal for one in judged(found, "t")} == {"peer": 0.8, "other": None}
    assert [one.to for one in losses(found)] == ["other", "peer"]


def test_a_loss_of_size_is_called_larger_and_the_worst_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    for key, peers in (("a", 5.0), ("b", 1.0)):
        rows = [Series("ours", "MiB", (10.0,), ours=True), Series("peer", "MiB", (peers,))]
        Recorder(path).table(key, key, better="lower", series=rows)
    assert [(one.table, one.worse) for one in losses(read(path))] == [
        ("b", "larger"),
        ("a", "larger"),
    ]


def test_faults_are_compared_with_none(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    for key, ours, peer in (("same", 0.0, 0.0), ("worse", 2.0, 0.0), ("better", 0.0, 3.0)):
        rows = [Series("ours", "faults", (ours,), ours=True), Series("peer", "faults", (peer,))]
        Recorder(path).table(key, key, better="lower", series=rows)
    assert [(one.table, one.worse) for one in losses(read(path))] == [("worse", "worse")]


def test_of_two_drawdowns_the_one_nearer_to_nothing_wins(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    for key, ours, peer in (("won", -0.16, -0.55), ("lost", -0.55, -0.16), ("sign", -0.1, 0.4)):
        rows = [Series("ours", "", (ours,), ours=True), Series("peer", "", (peer,))]
        Recorder(path).table(key, key, better="higher", series=rows)
    assert [one.table for one in losses(read(path))] == ["sign", "lost"]


def test_a_peer_that_was_not_measured_is_not_judged(tmp_path: Path) -> None:
    found = results(tmp_path, "higher", Series("peer", "ms", (), note="not installed"))
    assert judged(found, "t") == []
