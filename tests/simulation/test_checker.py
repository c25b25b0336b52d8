"""The checker of transcripts: it accepts what is right and finds every planted fault."""

# covers: app.check.span, app.check.transcript

import json
from typing import Any

import pytest

from app.check.findings import Fault
from app.check.transcript import Checker
from events.envelope import RecordedEvent
from events.messages import event_text
from tests.simulation.spans import span_of
from tests.unit.check import scenes
from tests.unit.events.builders import price, recorded, regime
from tests.unit.stream.talk import subscribe, unsubscribe

# 1 prices:A, 2 prices:B, 3 regime:A, 4 prices:A, ...
LOG = recorded(
    [payload for n in range(5) for payload in (price("A", second=n), price("B"), regime("A"))]
)
ALL = subscribe("prices", history="all")


def event(position: int) -> str:
    return event_text(LOG[position - 1])


def control(kind: str, **payload: Any) -> str:
    return json.dumps({"type": kind, "payload": payload})


def confirmed(head: int, said: str = ALL, **changed: Any) -> str:
    return scenes.confirmed(head, said, **changed)


def caught_up(position: int, name: str = "s1") -> str:
    return control("caught_up", request_msg_id=name, position=position)


def heartbeat(head: int) -> str:
    return control("heartbeat", head=head)


def lagging(name: str = "s1") -> str:
    return control("lagging", request_msg_id=name, from_position=0)


def problems(received: list[str], *said: str) -> list[str]:
    found = Checker(said or (ALL,), span_of(LOG, "e")).check(received)
    return [str(finding) for finding in found]


GOOD = [
    confirmed(6),
    *(event(number) for number in (1, 2, 4, 5)),
    caught_up(6),
    *(event(number) for number in (7, 8, 10, 11)),
    heartbeat(12),
    event(13),
]


def without(place: int) -> list[str]:
    return GOOD[:place] + GOOD[place + 1 :]


def test_what_is_right_is_accepted() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize("end", range(len(GOOD)))
def test_a_connection_may_end_at_any_moment(end: int) -> None:
    assert problems(GOOD[:end]) == []


@pytest.mark.parametrize("place", [1, 2, 3, 4, 6, 7, 8, 9])
def test_a_planted_gap_is_found(place: int) -> None:
    assert problems(without(place))


@pytest.mark.parametrize("place", [1, 4, 6, 9])
@pytest.mark.parametrize("later", [0, 1, 2])
def test_a_planted_duplicate_is_found(place: int, later: int) -> None:
    twice = [*GOOD]
    twice.insert(place + 1 + later, GOOD[place])
    assert any("twice" in problem for problem in problems(twice))


@pytest.mark.parametrize("place", [1, 2, 3, 6, 7, 8])
def test_a_planted_swap_is_found(place: int) -> None:
    swapped = [*GOOD]
    swapped[place : place + 2] = reversed(swapped[place : place + 2])
    assert any(" after " in problem for problem in problems(swapped))


@pytest.mark.parametrize(
    "altered",
    [
        lambda text: text.replace('"price":"100"', '"price":"101"'),
        lambda text: text.replace('"price":"100"', '"price": "100"'),
        lambda text: text.replace('"version":1', '"version":2'),
        lambda text: text.replace("simulated", "manual"),
    ],
)
def test_an_altered_text_is_found(altered: Any) -> None:
    received = [*GOOD]
    received[1] = altered(received[1])
    assert received != GOOD
    assert any("text" in problem for problem in problems(received))


def test_another_epoch_is_found() -> None:
    found = problems([confirmed(6, epoch="another"), *GOOD[1:]])
    assert found == ["s1: epoch another, the log's is e"]


def test_an_event_that_the_log_does_not_hold_is_found() -> None:
    stranger = event_text(LOG[0]._replace(position=99))
    assert problems([confirmed(0), stranger]) == ["position 99 is not in the log"]


def test_an_event_that_was_not_asked_for_is_found() -> None:
    assert problems([confirmed(6), event(1), event(2), event(3)])
    assert problems([event(1)])


def test_a_claim_beyond_what_was_sent_is_found() -> None:
    assert problems([confirmed(6), event(1), caught_up(6)])
    assert problems([*GOOD[:-2], heartbeat(13)])
    assert problems([*GOOD[:-2], heartbeat(99)])


def test_a_heartbeat_that_falls_or_comes_too_early_is_found() -> None:
    assert problems([*GOOD, heartbeat(11)])
    assert problems([confirmed(0), heartbeat(0)])


def test_being_caught_up_twice_or_unasked_is_found() -> None:
    assert problems([*GOOD[:6], caught_up(6)])
    assert problems([*GOOD[:6], caught_up(6, "s9")])
    assert problems([*GOOD[:6], lagging(), caught_up(6)]) == []
    assert problems([confirmed(0), lagging()])


@pytest.mark.parametrize(
    ("history", "head", "positions"),
    [
        ({"last": 1}, 6, [4, 5, 7, 8]),
        ({"last": 2}, 7, [2, 4, 5, 7, 8]),
        ({"after": 4}, 6, [5, 7, 8]),
        ({"since": "2026-01-16T12:00:01Z"}, 6, [4, 5, 7, 8]),
        ({"since": "2027-01-16T12:00:01Z"}, 6, [7, 8]),
        ("none", 6, [7, 8]),
        ("all", 6, [1, 2, 4, 5, 7, 8]),
    ],
)
def test_every_kind_of_history_has_its_beginning(
    history: Any, head: int, positions: list[int]
) -> None:
    said = subscribe("prices", history=history)
    events = [event(number) for number in positions]
    received = [confirmed(head, said), *events, caught_up(8)]
    assert problems(received, said) == []
    assert problems([received[0], *received[2:]], said)
    earlier = [number for number in (1, 2, 4, 5, 7) if number < positions[0]]
    if earlier:
        assert problems([confirmed(head, said), event(earlier[-1]), *events, caught_up(8)], said)


def test_a_second_request_owes_only_what_the_first_does_not_hold() -> None:
    said = (ALL, subscribe("prices", "regime", msg_id="s2", history="all"))
    received = [*GOOD[:6], confirmed(6, said[1]), event(3), event(7), event(6), caught_up(6, "s2")]
    assert problems([*received, event(8), event(9), event(10), event(11)], *said) == []
    assert problems([*GOOD[:6], confirmed(6, said[1]), event(1)], *said)


def test_after_an_unsubscribe_nothing_is_owed_or_allowed() -> None:
    said = (ALL, unsubscribe("prices", symbols=["A"]))
    ended = control("unsubscribed", request_msg_id="u1", channels=["prices"], symbols=["A"])
    assert problems([*GOOD[:6], ended, event(8), heartbeat(9)], *said) == []
    assert problems([*GOOD[:6], ended, event(7)], *said)
    assert problems([*GOOD[:6], ended, heartbeat(9)], *said)
    assert problems([GOOD[0], *GOOD[2:6], ended], *said)


def test_latest_may_leave_out_what_is_live_but_not_the_newest() -> None:
    said = subscribe("prices", history="all", delivery="latest")
    history = GOOD[:6]
    assert problems([*history, event(10), event(11), heartbeat(12)], said) == []
    assert problems([*history, lagging(), event(10), event(11), caught_up(11)], said) == []
    assert problems([*history, event(7), event(11), heartbeat(12)], said)
    assert problems([*history, event(10), event(7)], said)
    assert problems([history[0], *history[2:]], said)


def test_the_planted_log_is_what_the_tests_speak_of() -> None:
    def brief(one: RecordedEvent) -> str:
        return f"{one.position} {one.stream}"

    assert [brief(one) for one in LOG[:4]] == [
        "1 prices:A",
        "2 prices:B",
        "3 regime:A",
        "4 prices:A",
    ]


@pytest.mark.parametrize(
    ("received", "found"),
    [
        ([*GOOD[:5], caught_up(1)], "s1: caught up at 1, though it had to come to 6"),
        ([*GOOD[:6], lagging(), event(7), caught_up(6)], "though it had to come to 7"),
        ([*GOOD[:6], heartbeat(8), event(7)], "after it was said that all up to 8 had been sent"),
    ],
)
def test_a_claim_that_does_not_fit_what_was_sent_is_found(received: list[str], found: str) -> None:
    assert any(found in problem for problem in problems(received))


def test_what_is_sent_after_a_claim_is_no_reordering() -> None:
    found = Checker((ALL,), span_of(LOG, "e")).check([*GOOD[:7], heartbeat(12), event(8)])
    assert Fault.CLAIM in {finding.fault for finding in found if finding.position == 8}
    assert Fault.REORDERED not in {finding.fault for finding in found}


def test_at_the_end_every_subscribe_is_answered_and_caught_up() -> None:
    def at_the_end(*received: str) -> list[str]:
        return [str(one) for one in Checker((ALL,), span_of(LOG, "e")).check(received, upto=13)]

    assert at_the_end(*GOOD) == []
    assert "s1 was never told caught_up" in at_the_end(*GOOD[:5])
    assert "s1 was never told caught_up" in at_the_end(*GOOD, lagging())
    assert at_the_end() == ["s1 was never answered: nothing of it can be judged"]


def test_what_was_recorded_before_the_span_is_said_to_be_so() -> None:
    log = span_of(LOG[6:], "e", after=6)
    found = Checker((ALL,), log).check([confirmed(6), event(1)])
    assert [str(one) for one in found] == [
        "position 1 was not asked for: it is from before the run"
    ]
