"""The judge finds every planted fault, with its number, and lets a clean history pass."""

# covers: app.check.findings, app.check.history

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.check.findings import Fault, Finding
from app.check.history import Connection, Seen, Sent, Verdict, judge
from app.check.span import Span
from tests.unit.check.scenes import (
    ALL,
    control,
    log_of,
    resumed,
    seen_of,
    sent_of,
    whole,
)

PRICES = 12
LOG = log_of(PRICES)
TEXTS = [event.text for event in LOG.events]
places = st.integers(0, len(TEXTS) - 1)
some_places = st.sets(places, min_size=1, max_size=8)


def verdict(*seen: Seen, sent: list[Sent] | None = None, log: Span = LOG) -> Verdict:
    return judge(log, seen, sent_of(PRICES) if sent is None else sent, upto=log.head)


def only(found: Verdict, fault: Fault, count: int) -> bool:
    """Whether so many of one fault were found, and nothing else."""
    return dict(found.counts) == {fault: count} and len(found.findings) == count


def test_a_clean_history_passes() -> None:
    found = verdict(whole(TEXTS), whole(TEXTS))
    assert (found.findings, found.written, found.delivered) == ([], 24, 48)


@given(st.lists(places, max_size=6).map(sorted))
def test_a_clean_history_over_any_drops_passes(cuts: list[int]) -> None:
    seen = seen_of()
    ends = [*cuts, len(TEXTS)]
    for begin, end in zip([0, *cuts], ends, strict=True):
        one = resumed(TEXTS, 0, begin, TEXTS[begin:end]).connections[1]
        seen.connections.append(one)
    assert verdict(seen).findings == []


@given(some_places)
def test_every_planted_gap_is_missed_once(gone: set[int]) -> None:
    left = [text for place, text in enumerate(TEXTS) if place not in gone]
    found = verdict(whole(left))
    assert only(found, Fault.MISSED, len(gone))
    assert {finding.position for finding in found.findings} == {place + 1 for place in gone}


@given(some_places)
def test_every_planted_duplicate_is_doubled_once(again: set[int]) -> None:
    twice = [t for place, text in enumerate(TEXTS) for t in [text] * (1 + (place in again))]
    assert only(verdict(whole(twice)), Fault.DOUBLED, len(again))


@given(st.sets(st.integers(0, len(TEXTS) // 2 - 1), min_size=1))
def test_every_planted_swap_is_reordered_once(pairs: set[int]) -> None:
    swapped = [*TEXTS]
    for pair in pairs:
        swapped[2 * pair : 2 * pair + 2] = reversed(swapped[2 * pair : 2 * pair + 2])
    assert only(verdict(whole(swapped)), Fault.REORDERED, len(pairs))


@given(some_places)
def test_every_changed_text_is_changed_once(altered: set[int]) -> None:
    texts = [
        t.replace('"A"', '"C"').replace('"B"', '"D"') if n in altered else t
        for n, t in enumerate(TEXTS)
    ]
    assert only(verdict(whole(texts)), Fault.CHANGED, len(altered))


def test_the_same_json_written_otherwise_is_changed_and_said_to_be_the_same() -> None:
    found = verdict(whole([json.dumps(json.loads(TEXTS[0])), *TEXTS[1:]]))
    assert only(found, Fault.CHANGED, 1)
    assert "the same JSON" in found.findings[0].text


@given(st.sets(st.integers(0, PRICES - 1), min_size=1))
def test_every_lost_acknowledgement_is_found(lost: set[int]) -> None:
    extra = [replace(one, timestamp="2026-01-17T00:00:00.000000Z") for one in sent_of(PRICES)]
    planted = [replace(one, symbol=f"A{place}") for place, one in enumerate(extra) if place in lost]
    found = verdict(whole(TEXTS), sent=[*sent_of(PRICES), *planted])
    assert only(found, Fault.LOST, len(lost))
    assert found.findings[0].who == "writer 1"


def test_what_was_not_acknowledged_may_be_recorded_or_not() -> None:
    sent = sent_of(PRICES)
    sent[3] = replace(sent[3], acknowledged=False, positions=None)
    never = Sent("A", "2026-01-17T00:00:00.000000Z", Decimal(1), "writer 1")
    found = verdict(whole(TEXTS), sent=[*sent, never])
    assert (found.findings, found.unacknowledged) == ([], 1)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"price": Decimal(1)}, Fault.CHANGED),
        ({"positions": (23, 24)}, Fault.LOST),
        ({"timestamp": "2026-01-17T00:00:00.000000Z"}, Fault.LOST),
    ],
)
def test_a_price_recorded_otherwise_than_acknowledged_is_found(
    change: dict[str, object], fault: Fault
) -> None:
    sent = sent_of(PRICES)
    sent[0] = replace(sent[0], **change)  # type: ignore[arg-type]  # one field each
    found = verdict(whole(TEXTS), sent=sent)
    assert found.counts[fault] == 1
    # What stands in the log instead was sent by nobody.
    assert found.counts[Fault.STRAY] == (1 if "timestamp" in change else 0)


def test_a_price_that_was_recorded_twice_is_doubled() -> None:
    first = LOG.events[0]
    again = first._replace(
        position=25, version=7, text=first.text.replace('"position":1,', '"position":25,')
    )
    log = Span([*LOG.events, again], epoch="e")
    assert only(verdict(whole([*TEXTS, again.text]), log=log), Fault.DOUBLED, 1)


@pytest.mark.parametrize(("place", "gaps"), [(1, 2), (11, 2), (21, 1), (23, 1)])
def test_a_hole_in_the_log_itself_is_found(place: int, gaps: int) -> None:
    """In the positions, and in the versions of a stream that goes on."""
    log = Span([*LOG.events[:place], *LOG.events[place + 1 :]], epoch="e", head=24)
    assert only(verdict(log=log), Fault.GAP, gaps)


def test_what_comes_again_after_a_resume_is_doubled_only_up_to_the_cursor() -> None:
    assert verdict(resumed(TEXTS, 10, 10, TEXTS[10:])).findings == []
    # The client asked for what follows 8: that 9 and 10 come again is right.
    assert verdict(resumed(TEXTS, 10, 8, TEXTS[8:])).findings == []
    assert only(verdict(resumed(TEXTS, 10, 10, TEXTS[8:])), Fault.DOUBLED, 2)


def test_what_is_lost_at_the_beginning_of_a_resume_is_missed() -> None:
    assert only(verdict(resumed(TEXTS, 10, 10, TEXTS[11:])), Fault.MISSED, 1)


def test_an_event_that_the_log_does_not_hold_is_stray() -> None:
    stranger = TEXTS[0].replace('"position":1,', '"position":99,')
    assert only(verdict(whole([*TEXTS, stranger])), Fault.STRAY, 1)


def test_a_broken_message_is_a_claim_and_nothing_falls_over() -> None:
    broken = [
        "{",
        "[]",
        '{"type":"heartbeat"}',
        control("caught_up"),
        control("heartbeat", head="x"),
    ]
    assert only(verdict(whole([*broken, *TEXTS])), Fault.CLAIM, len(broken))


def test_a_subscriber_that_was_refused_or_never_answered_is_found() -> None:
    refused = Seen("late 1", "late", [], ["epoch_mismatch: another lifetime"])
    silent = seen_of(Connection([ALL], []), name="slow 1")
    found = verdict(whole(TEXTS), refused, silent)
    assert [(f.fault, f.who) for f in found.findings] == [
        (Fault.REFUSED, "late 1"),
        (Fault.CLAIM, "slow 1"),
    ]


def test_a_run_that_was_cut_short_owes_nobody_what_had_not_come_yet() -> None:
    cut = whole(TEXTS[:5])
    assert judge(LOG, [cut], sent_of(PRICES), upto=None).findings == []
    assert verdict(cut).counts == {Fault.MISSED: len(TEXTS) - 5}
    holed = whole([*TEXTS[:2], *TEXTS[3:5]])
    assert judge(LOG, [holed], sent_of(PRICES), upto=None).counts == {Fault.MISSED: 1}


def test_findings_are_sorted_by_position_and_what_was_found_before_is_among_them() -> None:
    told = [Finding(Fault.CLAIM, "two answers", "writer 2")]
    left = [TEXTS[1], TEXTS[0], *TEXTS[2:9], *TEXTS[10:]]
    found = judge(LOG, [whole(left)], sent_of(PRICES), upto=LOG.head, told=told)
    assert [(f.fault, f.position) for f in found.findings] == [
        (Fault.CLAIM, None),
        (Fault.REORDERED, 1),
        (Fault.MISSED, 10),
    ]
    assert (found.findings[2].stream, found.findings[2].version) == ("regime:A", 3)
