"""The wire of `/ws/replay`: what is accepted, and how the rest is refused."""

import json
from typing import Any

import pytest

from app.stream.protocol import CLIENT_MESSAGES, CONTROL_MESSAGES, ErrorPayload, RefusedMessage
from app.stream.replay_protocol import (
    EVENTS_PER_S_MAX,
    EVENTS_PER_S_MIN,
    MARKET_SPEED_MAX,
    REPLAY_COMMANDS,
    REPLAY_CONTROL,
    STEP_EVENTS_MAX,
    EventRate,
    ReplaySnapshotPayload,
    ReplayStart,
    ReplayStatePayload,
    ReplayStatus,
    parse_replay_message,
)
from tests.unit.stream.replayed import command, start
from tests.unit.stream.talk import message


def refused(text: str) -> ErrorPayload:
    with pytest.raises(RefusedMessage) as caught:
        parse_replay_message(text)
    return caught.value.answer


def started(**payload: Any) -> ReplayStart:
    parsed = parse_replay_message(start(**payload))
    assert isinstance(parsed, ReplayStart)
    return parsed


EXAMPLES: dict[str, dict[str, Any]] = {
    "replay_start": {"channels": ["prices"]},
    "replay_seek": {"position": 0},
    "replay_speed": {"speed": "max"},
    "ping": {},
    "authenticate": {"token": "t"},
}


@pytest.mark.parametrize("kind", [*REPLAY_COMMANDS, "ping", "authenticate"])
def test_every_command_is_read(kind: str) -> None:
    assert parse_replay_message(message(kind, EXAMPLES.get(kind, {}))).type == kind


def test_no_name_is_used_twice() -> None:
    names = [*CLIENT_MESSAGES, *CONTROL_MESSAGES, *REPLAY_COMMANDS, *REPLAY_CONTROL]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("speed", "parsed"),
    [
        (1, 1.0),
        (86_400, 86_400.0),
        (2.5, 2.5),
        (MARKET_SPEED_MAX, float(MARKET_SPEED_MAX)),
        ("max", "max"),
        ({"events_per_s": 10}, EventRate(events_per_s=10)),
        ({"events_per_s": EVENTS_PER_S_MIN}, EventRate(events_per_s=EVENTS_PER_S_MIN)),
        ({"events_per_s": EVENTS_PER_S_MAX}, EventRate(events_per_s=EVENTS_PER_S_MAX)),
    ],
)
def test_each_speed_is_read(speed: object, parsed: object) -> None:
    assert started(speed=speed).payload.speed == parsed


def test_without_a_word_a_replay_runs_from_the_beginning_to_the_head_in_real_time() -> None:
    chosen = started().payload
    assert chosen.speed == 1
    limits = (chosen.symbols, chosen.after, chosen.since, chosen.before, chosen.until, chosen.epoch)
    assert limits == (None,) * 6


@pytest.mark.parametrize(
    ("speed", "path"),
    [
        (0.5, "payload.speed"),
        (MARKET_SPEED_MAX + 1, "payload.speed"),
        (True, "payload.speed"),
        (None, "payload.speed"),
        ("fast", "payload.speed"),
        ({"events_per_s": 0}, "payload.speed.events_per_s"),
        ({"events_per_s": EVENTS_PER_S_MAX + 1}, "payload.speed.events_per_s"),
        ({}, "payload.speed.events_per_s"),
    ],
)
def test_a_wrong_speed_is_told_with_its_place(speed: object, path: str) -> None:
    answer = refused(start(speed=speed))
    assert answer.code == "invalid_message"
    assert [problem.path for problem in answer.details] == [path]


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"after": 3, "since": "2026-01-16T12:00:00Z"}, "give either after or since, not both"),
        ({"before": 3, "until": "2026-01-16T12:00:00Z"}, "give either before or until, not both"),
        ({"after": 3, "before": 3}, "before must be greater than after"),
        (
            {"since": "2026-01-16T12:00:00Z", "until": "2026-01-16T11:00:00Z"},
            "until must not be before since",
        ),
    ],
)
def test_a_range_that_is_none_is_refused(payload: dict[str, Any], problem: str) -> None:
    answer = refused(start(**payload))
    assert answer.request_msg_id == "start"
    assert [(each.path, each.problem) for each in answer.details] == [("payload", problem)]


@pytest.mark.parametrize(
    "payload", [{}, {"position": 3, "time": "2026-01-16T12:00:00Z"}, {"position": -1}]
)
def test_a_seek_names_one_place(payload: dict[str, Any]) -> None:
    assert refused(command("seek", **payload)).code == "invalid_message"


@pytest.mark.parametrize("events", [0, STEP_EVENTS_MAX + 1, 1.5])
def test_a_step_has_a_limit(events: float) -> None:
    assert refused(command("step", events=events)).code == "invalid_message"


def test_unknown_fields_and_other_messages_are_refused() -> None:
    assert refused(command("pause", why="x")).details[0].path == "payload.why"
    answer = refused(message("subscribe", {"channels": ["prices"]}))
    assert answer.code == "unknown_message_type"
    assert "replay_start" in answer.message
    assert refused("{").code == "malformed_json"


def test_what_the_server_says_is_written_as_it_is_documented() -> None:
    state = ReplayStatePayload(
        request_msg_id=None,
        status=ReplayStatus.PLAYING,
        clock=None,
        position=3,
        begin=1,
        end=9,
        speed=EventRate(events_per_s=5),
    )
    assert json.loads(state.model_dump_json()) == {
        "request_msg_id": None,
        "status": "playing",
        "clock": None,
        "position": 3,
        "begin": 1,
        "end": 9,
        "speed": {"events_per_s": 5.0},
    }
    snapshot = ReplaySnapshotPayload(
        request_msg_id="a", position=3, state_hash="h", state={"position": 3, "alerts": []}
    )
    assert json.loads(snapshot.model_dump_json())["state"] == {"position": 3, "alerts": []}
