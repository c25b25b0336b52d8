"""Whatever a client says on either socket is carried out or refused, and the connection lives on."""

# covers: app.stream.protocol, app.stream.replay_protocol

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stream.protocol import MessageFactory, PongPayload, RefusedMessage, parse_client_message
from app.stream.replay_protocol import ReplayStatePayload, parse_replay_message
from app.stream.session import OpenHistory, Session
from events.catalog import Record
from tests.fuzz.effort import fuzzed
from tests.fuzz.messages import REPLAY_PAYLOADS, STREAM_PAYLOADS, Json, anything, messages
from tests.unit.events.builders import NOON
from tests.unit.stream.driven import catch_up, follow, head, said
from tests.unit.stream.replayed import Played, events_of_a_day
from tests.unit.stream.talk import ping

Parse = Callable[[str | bytes], Any]
SOCKETS: dict[str, tuple[Parse, dict[str, st.SearchStrategy[Json]]]] = {
    "synapse": (parse_client_message, STREAM_PAYLOADS),
    "replay": (parse_replay_message, REPLAY_PAYLOADS),
}
FACTORY = MessageFactory(lambda: NOON, lambda: "id-1")
ROUND_TRIPS = {name: messages(payloads) for name, (_, payloads) in SOCKETS.items()}


@pytest.mark.parametrize("name", SOCKETS)
@fuzzed(150)
@given(data=st.data())
def test_a_valid_message_is_understood_and_says_the_same_again(
    name: str, data: st.DataObject
) -> None:
    message, parse = data.draw(ROUND_TRIPS[name]), SOCKETS[name][0]
    parsed = parse(json.dumps(message))
    assert (parsed.type, parsed.msg_id) == (message["type"], message["msg_id"])
    again = parsed.model_dump_json()
    assert parse(again) == parsed
    assert parse(again.encode()) == parsed
    assert _kept(message, json.loads(again))


def _kept(asked: Any, read: Any) -> bool:
    """Whether everything that was asked for is in what was read."""
    if isinstance(asked, dict):
        return all(name in read and _kept(value, read[name]) for name, value in asked.items())
    if isinstance(asked, str) and isinstance(read, str) and asked != read:
        return datetime.fromisoformat(asked.upper()) == datetime.fromisoformat(read)
    return bool(asked == read)


@pytest.mark.parametrize("name", SOCKETS)
@fuzzed(300)
@given(data=st.data())
def test_whatever_is_said_is_understood_or_refused_in_words(name: str, data: st.DataObject) -> None:
    parse, payloads = SOCKETS[name]
    text = data.draw(anything(payloads))
    try:
        parse(text)
    except RefusedMessage as refused:
        answer = json.loads(FACTORY.control(refused.answer))
        assert answer["payload"]["code"]
        assert answer["payload"]["message"]
        assert len(json.dumps(answer)) < 4_000 + 20 * len(text)


# --- the pure machines ---------------------------------------------------------------------------


class Client:
    """A session of `/ws/synapse`, and a driver that opens every history at the beginning."""

    def __init__(self) -> None:
        self.session = Session(15)
        self.head = 8

    def say(self, text: str | bytes) -> list[Record]:
        """Say something; what is answered to that."""
        effects = list(self.session.receive(text))
        assert effects, "nothing came of it"
        for effect in effects:
            if isinstance(effect, OpenHistory):
                opened = self.session.open(effect.request, head(self.head), 0)
                effects.append(opened)
        answered = said(effects)
        catch_up(self.session)
        return answered

    def go_on(self, count: int) -> None:
        """Let so many events be recorded."""
        self.head += count
        if self.session.cursor is not None and count:
            follow(self.session, self.head)


STEPS = st.lists(anything(STREAM_PAYLOADS) | st.integers(0, 3), max_size=8)


@fuzzed(150)
@given(STEPS)
def test_a_connection_lives_on_whatever_is_said(steps: Sequence[str | bytes | int]) -> None:
    client = Client()
    for step in steps:
        if isinstance(step, int):
            client.go_on(step)
        else:
            for payload in client.say(step):
                json.loads(FACTORY.control(payload))
    assert client.say(ping("last")) == [PongPayload(request_msg_id="last")]


REPLAY_STEPS = st.lists(anything(REPLAY_PAYLOADS) | st.integers(0, 3), max_size=8)


@fuzzed(100)
@given(REPLAY_STEPS)
def test_a_replay_lives_on_whatever_is_commanded(steps: Sequence[str | bytes | int]) -> None:
    played = Played(events_of_a_day(12))
    for step in steps:
        if isinstance(step, int):
            played.wait(step)
        else:
            played.say(step)  # type: ignore[arg-type]  # it hands it on as it is
    states = len(played.states)
    assert played.say(ping("last")).said[-1] == PongPayload(request_msg_id="last")
    assert all(isinstance(state, ReplayStatePayload) for state in played.states[states:])
    positions = [state.position for state in played.states]
    assert all(0 <= position <= len(played.log) for position in positions)
