"""The wire's messages: what is understood, what is refused and how, and what an event looks like."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stream.protocol import (
    CONTROL_MESSAGES,
    EVENT_MESSAGES,
    MAX_PROBLEMS_TOLD,
    Authenticate,
    Delivery,
    ErrorPayload,
    HistoryAfter,
    HistoryLast,
    HistorySince,
    MessageFactory,
    Ping,
    PongPayload,
    RefusedMessage,
    ServerMessage,
    Severity,
    Subscribe,
    Unsubscribe,
    parse_client_message,
    schema_hash,
)
from events.catalog import CATALOG
from tests.unit.events.builders import NOON, at
from tests.unit.stream.talk import message, ping, subscribe, unsubscribe


def refusal(text: str | bytes) -> ErrorPayload:
    with pytest.raises(RefusedMessage) as caught:
        parse_client_message(text)
    return caught.value.answer


def paths(answer: ErrorPayload) -> list[str]:
    return [problem.path for problem in answer.details]


def test_the_message_of_the_protocol_page_is_understood_as_it_stands() -> None:
    parsed = parse_client_message(
        '{"msg_id":"test-001","type":"subscribe","payload":{"channels":["regime"],'
        '"user_id":"test"},"direction":"c2s","timestamp":"2026-01-16T12:00:00Z"}'
    )
    assert isinstance(parsed, Subscribe)
    assert parsed.payload.history == HistoryLast(last=50)
    assert parsed.payload.delivery is Delivery.EVERY
    assert parsed.payload.symbols is None


@pytest.mark.parametrize(
    ("history", "meant"),
    [
        ({"last": 3}, HistoryLast(last=3)),
        ({"after": 0}, HistoryAfter(after=0)),
        ({"since": "2026-01-16T12:00:05Z"}, HistorySince(since=at(5))),
        ("all", "all"),
        ("none", "none"),
    ],
)
def test_every_kind_of_history_is_understood(history: object, meant: object) -> None:
    parsed = parse_client_message(subscribe(history=history))
    assert isinstance(parsed, Subscribe)
    assert parsed.payload.history == meant


def test_every_kind_of_message_is_understood() -> None:
    kinds = [unsubscribe("regime"), ping(), message("authenticate", {"token": "t"})]
    assert [type(parse_client_message(text)) for text in kinds] == [
        Unsubscribe,
        Ping,
        Authenticate,
    ]


def test_bytes_are_read_like_text() -> None:
    assert isinstance(parse_client_message(ping().encode()), Ping)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 30, b"\xff\xfe", "\ud800", "{'a': 1}"])
def test_what_is_no_json_is_malformed(text: str | bytes) -> None:
    answer = refusal(text)
    assert (answer.severity, answer.code) == (Severity.VALIDATION_ERROR, "malformed_json")
    assert answer.request_msg_id is None
    assert answer.details


def test_a_number_of_thousands_of_digits_is_answered_like_any_mistake() -> None:
    assert refusal('{"msg_id": ' + "1" * 5_000 + "}").code == "malformed_json"


@pytest.mark.parametrize("kind", ["shout", "", "regime_update", "SUBSCRIBE"])
def test_an_unknown_type_is_told_with_the_known_ones(kind: str) -> None:
    answer = refusal(message(kind, {}, "m7"))
    assert (answer.code, answer.request_msg_id) == ("unknown_message_type", "m7")
    assert paths(answer) == ["type"]
    assert "subscribe" in answer.message


@pytest.mark.parametrize("text", ["{}", '{"msg_id":"m7"}'])
def test_a_message_without_a_type_is_of_an_unknown_one(text: str) -> None:
    assert refusal(text).code == "unknown_message_type"


@pytest.mark.parametrize("text", ["1", "null", '"ping"', "[]", "true", "NaN"])
def test_json_that_is_no_object_is_refused(text: str) -> None:
    assert refusal(text).request_msg_id is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (message("ping", {}, direction="s2c"), ["direction"]),
        (message("ping", {}, timestamp="2026-01-16T12:00:00"), ["timestamp"]),
        (message("ping", {}, timestamp=1768564800), ["timestamp"]),
        (message("ping", {}, extra=1), ["extra"]),
        (message("ping", {"extra": 1}), ["payload.extra"]),
        (message("ping", {}, msg_id=7), ["msg_id"]),
        (message("ping", {}, msg_id=""), ["msg_id"]),
        (message("ping", {}, msg_id="x" * 129), ["msg_id"]),
        (message("authenticate", {}), ["payload.token"]),
        (message("authenticate", {"token": ""}), ["payload.token"]),
        (message("subscribe", {}), ["payload.channels"]),
        (message("subscribe", {"channels": []}), ["payload.channels"]),
        (message("subscribe", {"channels": "regime"}), ["payload.channels"]),
        (subscribe("rumours"), ["payload.channels.0"]),
        (subscribe(symbols=[]), ["payload.symbols"]),
        (subscribe(symbols=["SPX", "no symbol"]), ["payload.symbols.1"]),
        (subscribe(symbols=["S"] * 1_001), ["payload.symbols"]),
        (subscribe(user_id=7), ["payload.user_id"]),
        (subscribe(epoch="e" * 65), ["payload.epoch"]),
        (subscribe(delivery="sometimes"), ["payload.delivery"]),
        (subscribe(history="some"), ["payload.history"]),
        (subscribe(history=7), ["payload.history"]),
        (subscribe(history={}), ["payload.history.last"]),
        (subscribe(history={"last": 0}), ["payload.history.last"]),
        (subscribe(history={"last": 10_001}), ["payload.history.last"]),
        (subscribe(history={"last": "3"}), ["payload.history.last"]),
        (subscribe(history={"after": -1}), ["payload.history.after"]),
        (subscribe(history={"after": 2**53}), ["payload.history.after"]),
        (subscribe(history={"after": 1.5}), ["payload.history.after"]),
        (subscribe(history={"since": "2026-01-16T12:00:00"}), ["payload.history.since"]),
        (subscribe(history={"since": 1768564800}), ["payload.history.since"]),
        (subscribe(history={"last": 1, "after": 1}), ["payload.history.after"]),
    ],
)
def test_a_message_that_does_not_fit_names_the_place(text: str, where: list[str]) -> None:
    answer = refusal(text)
    assert (answer.severity, answer.code) == (Severity.VALIDATION_ERROR, "invalid_message")
    assert paths(answer) == where
    assert all(problem.problem for problem in answer.details)


def test_a_refusal_names_the_message_if_it_can() -> None:
    assert refusal(message("ping", {"x": 1}, "m7")).request_msg_id == "m7"
    assert refusal(message("ping", {}, msg_id=7)).request_msg_id is None
    assert refusal(message("ping", {}, "x" * 60_000)).request_msg_id == "x" * 128


def test_a_refusal_is_no_longer_than_its_message_deserves() -> None:
    answer = refusal(subscribe(symbols=["?"] * 1_000))
    assert len(answer.details) == MAX_PROBLEMS_TOLD


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "msg_id": json_values | st.just("m"),
        "type": st.sampled_from(["subscribe", "unsubscribe", "ping", "authenticate"]) | json_values,
        "payload": json_values
        | st.fixed_dictionaries({}, optional={"channels": json_values, "history": json_values}),
        "direction": st.just("c2s") | json_values,
        "timestamp": st.just("2026-01-16T12:00:00Z") | json_values,
        "more": json_values,
    },
)


@given(st.text() | st.binary() | (envelopes | json_values).map(json.dumps))
def test_whatever_a_client_sends_is_understood_or_refused(text: str | bytes) -> None:
    with suppress(RefusedMessage):
        parse_client_message(text)


# --- what the server says -----------------------------------------------------------------------


def factory() -> MessageFactory:
    return MessageFactory(lambda: NOON, lambda: "id-1")


def test_a_control_message_has_the_envelope_of_every_message() -> None:
    text = factory().control(PongPayload(request_msg_id='say "hi"'))
    assert json.loads(text) == {
        "msg_id": "id-1",
        "type": "pong",
        "payload": {"request_msg_id": 'say "hi"'},
        "direction": "s2c",
        "timestamp": "2026-01-16T12:00:00.000000Z",
    }
    assert ServerMessage[PongPayload].model_validate_json(text).payload.request_msg_id == 'say "hi"'


def test_every_event_of_the_catalogue_is_on_the_wire() -> None:
    assert {name: entry.model for name, entry in CATALOG.items()} == dict(EVENT_MESSAGES)


def test_every_control_message_has_one_name() -> None:
    assert len(set(CONTROL_MESSAGES.values())) == len(CONTROL_MESSAGES)


def test_the_schema_hash_is_stable_within_a_program() -> None:
    assert schema_hash() == schema_hash()
    assert len(schema_hash()) == 64
