"""A peer's history is judged by `synapse-check`'s own judge: what is planted comes out in the table, by its number."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.check.findings import Fault
from benchmarks.certificate_history import History, Item, Stretch, View, Write, verdict_on
from benchmarks.certificate_load import Kind, Load
from benchmarks.certificate_rows import Row, kept, render, row_of, run_of, with_block

WRITERS, EACH = 3, 8
STORED = [
    Item(position, (position - 1) % WRITERS, (position - 1) // WRITERS)
    for position in range(1, WRITERS * EACH + 1)
]
CUT = 10
ROW = Row("peer", "1.0", "settings", "", WRITERS, {"fast": 1})


def clean() -> History:
    """Everything was told and seen; by the second subscriber over a reconnect."""
    writes = [Write(item.writer, item.number, True, item.position) for item in STORED]
    whole = View("fast 1", "fast", [Stretch(0, [*STORED])])
    parts = [Stretch(0, STORED[:CUT]), Stretch(CUT, STORED[CUT:])]
    return History([*STORED], writes, [whole, View("reconnecting 1", "reconnecting", parts)])


def missed(history: History) -> History:
    """Two events, in the middle of a subscription."""
    del history.views[0].stretches[0].came[4:6]
    return history


def missed_at_the_end(history: History) -> History:
    """The last one never came."""
    del history.views[0].stretches[0].came[-1]
    return history


def missed_before_a_cut(history: History) -> History:
    """One before the cursor that the subscriber then resumed from: nobody sends it again."""
    del history.views[1].stretches[0].came[3]
    return history


def missed_over_a_cut(history: History) -> History:
    """What was sent while nobody was there, and is not sent afterwards."""
    del history.views[1].stretches[1].came[0]
    return history


def doubled(history: History) -> History:
    """One came again at once."""
    came = history.views[0].stretches[0].came
    came.insert(5, came[4])
    return history


def doubled_over_a_cut(history: History) -> History:
    """One came again though it is not after the cursor."""
    history.views[1].stretches[1].came.insert(0, STORED[CUT - 1])
    return history


def reordered(history: History) -> History:
    """Two changed places."""
    came = history.views[0].stretches[0].came
    came[2:4] = reversed(came[2:4])
    return history


def lost(history: History) -> History:
    """A writer was told of one that the store does not hold."""
    return replace(history, writes=[*history.writes, Write(0, EACH, True, 99)])


def stored_twice(history: History) -> History:
    """The store has one again; everybody got both."""
    again = STORED[-1]._replace(position=len(STORED) + 1)
    for view in history.views:
        view.stretches[-1].came.append(again)
    return replace(history, stored=[*history.stored, again])


def hole(history: History) -> History:
    """A position is left out, and nobody was told of an event there."""
    end = STORED[-1]
    moved = end._replace(position=end.position + 1)
    for view in history.views:
        view.stretches[-1].came[-1] = moved
    writes = [*history.writes[:-1], Write(end.writer, end.number, True, moved.position)]
    return History([*history.stored[:-1], moved], writes, history.views)


def changed(history: History) -> History:
    """One came with another number than the store has."""
    came = history.views[0].stretches[0].came
    came[0] = came[0]._replace(number=7)
    return history


def test_a_clean_history_passes_with_every_count() -> None:
    run = run_of(clean(), verdict_on(clean()))
    assert (run.written, run.delivered, run.faults) == (24, 48, {})


@pytest.mark.parametrize(
    ("plant", "faults"),
    [
        (missed, {Fault.MISSED: 2}),
        (missed_at_the_end, {Fault.MISSED: 1}),
        (missed_before_a_cut, {Fault.MISSED: 1}),
        (missed_over_a_cut, {Fault.MISSED: 1}),
        (doubled, {Fault.DOUBLED: 1}),
        (doubled_over_a_cut, {Fault.DOUBLED: 1}),
        (reordered, {Fault.REORDERED: 1}),
        (lost, {Fault.LOST: 1}),
        (stored_twice, {Fault.DOUBLED: 1}),
        (hole, {Fault.GAP: 1}),
        (changed, {Fault.CHANGED: 1}),
    ],
)
def test_what_is_planted_comes_out_in_the_row(
    plant: Callable[[History], History], faults: dict[Fault, int]
) -> None:
    history = plant(clean())
    row = replace(ROW, runs=[run_of(history, verdict_on(history))])
    assert {fault: sum(row.counts(fault)) for fault in Fault if any(row.counts(fault))} == faults
    [told] = [line for line in table([row]).splitlines() if line.startswith("| peer")]
    assert f"**{sum(faults.values())}** " in told
    assert told.endswith("| FAIL |")


def test_what_was_written_and_never_acknowledged_may_be_absent() -> None:
    history = clean()
    history = replace(history, writes=[*history.writes, Write(0, EACH)])
    assert verdict_on(history).findings == []


def test_a_row_comes_back_from_json_and_counts_by_run() -> None:
    planted = missed(clean())
    runs = [run_of(each, verdict_on(each)) for each in (clean(), planted)]
    row = replace(ROW, meanwhile="kill -9", runs=runs)
    assert [row_of(one) for one in kept([row])] == [row]
    told = table([row])
    assert "| peer 1.0 | settings; kill -9 | 2 | 3 | 48 | 1 | 94 | **2** (0 + 2) | 0 |" in told


def test_a_row_without_faults_passes_and_ours_stands_out() -> None:
    row = replace(ROW, ours=True, runs=[run_of(clean(), verdict_on(clean()))])
    assert "| **peer 1.0** |" in table([row])
    assert "| PASS |" in table([row])


def test_a_page_keeps_what_is_around_its_block() -> None:
    block = table([])
    assert with_block(f"before\n{block}\nafter\n", block) == f"before\n{block}\nafter\n"
    with pytest.raises(ValueError, match="no block"):
        with_block("a page", block)


def test_a_resume_begins_after_the_highest_position_that_came() -> None:
    view = View("reconnecting 1", "reconnecting", [Stretch(4, [STORED[6], STORED[5]]), Stretch(7)])
    assert (view.cursor, view.count, View("fast 1", "fast").cursor) == (7, 2, 0)


def test_a_load_has_every_kind_of_subscriber_and_the_same_cuts_for_the_same_seed() -> None:
    load = Load(writers=2, each=5, of_each_kind=2, reconnect_every=9, seed=1)
    view = load.views()[-1]
    assert {one.kind for one in load.views()} == set(Kind)
    assert len(load.views()) == sum(load.kinds().values()) == 8
    chance, again = load.cuts(view), load.cuts(view)
    stays = [load.stay(chance) for _ in range(20)]
    assert stays == [load.stay(again) for _ in range(20)]
    assert all(2 <= stay <= 18 for stay in stays)


def table(rows: list[Row]) -> str:
    """The block with these rows."""
    return render({"rows": kept(rows), "date": "2026-01-16", "machine": "a machine", "seed": 1})
