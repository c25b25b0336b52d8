"""How many faults of one message or body are looked at, and that each endpoint with a body stops there."""

# covers: app.stream.faults, app.api.json_values

from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter, ValidationError

from app.api.json_values import JSON_VALUES_MAX, holds_too_many
from app.api.prices import PRICES_PER_REQUEST_MAX
from app.config import Settings
from app.main import create_app
from app.market.ticks import PriceTick
from app.stream.faults import FAULTS_MAX, FewFaults, faults_of
from app.stream.protocol import RefusedMessage, parse_client_message
from events.catalog import Record
from tests.endpoints import routes
from tests.unit.stream.talk import message


class One(Record):
    name: str = ""


def unknown(count: int) -> dict[str, int]:
    return {str(number): 1 for number in range(count)}


def error_of(adapter: TypeAdapter[Any], value: object) -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        adapter.validate_python(value)
    return raised.value


@pytest.mark.parametrize("count", [1, FAULTS_MAX])
def test_as_many_faults_as_there_may_be_are_told_one_by_one(count: int) -> None:
    plain, few = TypeAdapter(One), TypeAdapter(FewFaults[One])
    expected = error_of(plain, unknown(count)).errors()
    assert error_of(few, unknown(count)).errors() == expected
    assert len(faults_of(error_of(plain, unknown(count)))) == count


def test_of_one_more_only_the_number_is_told() -> None:
    error = error_of(TypeAdapter(FewFaults[One]), unknown(FAULTS_MAX + 1))
    assert [(one["type"], one["msg"]) for one in error.errors()] == [
        ("too_many_faults", "has 1001 faults")
    ]
    counted = faults_of(error_of(TypeAdapter(One), unknown(FAULTS_MAX + 1)))
    assert [(one["type"], one["msg"]) for one in counted] == [
        ("too_many_faults", "has 1001 faults")
    ]


def test_a_message_with_thousands_of_unknown_keys_is_refused_by_their_number() -> None:
    with pytest.raises(RefusedMessage) as refused:
        parse_client_message(message("ping", unknown(5_000), "m7"))
    answer = refused.value.answer
    assert (answer.code, answer.request_msg_id) == ("invalid_message", "m7")
    assert [one.problem for one in answer.details] == ["has 5000 faults"]


def test_every_endpoint_with_a_body_stops_counting() -> None:
    bodies = [
        field
        for route in routes(create_app(Settings(token="t" * 40)))
        if (field := getattr(route, "body_field", None)) is not None
    ]
    assert len(bodies) >= 9
    for field in bodies:
        _, faults = field.validate(unknown(FAULTS_MAX + 1))
        assert len(faults) <= 2, field
        assert "too_many_faults" in {one["type"] for one in faults}, field


def test_the_largest_right_request_has_half_the_values_that_there_may_be() -> None:
    names = [name for name in PriceTick.model_fields if name not in {"symbol", "timestamp"}]
    tick = {"symbol": "SPX", "timestamp": "2026-01-16T12:00:00Z", **dict.fromkeys(names, "1.5")}
    body = orjson.dumps({"prices": [tick] * PRICES_PER_REQUEST_MAX})
    assert not holds_too_many(body, JSON_VALUES_MAX // 2)


@pytest.mark.parametrize(
    ("body", "too_many"),
    [
        (b"[" + b"1," * 8 + b"1]", False),
        (b"[" + b"1," * 9 + b"1]", False),
        (b"[" + b"1," * 10 + b"1]", True),
        (b"[" + b"[]," * 6 + b"[]]", True),
        (orjson.dumps(unknown(11)), True),
        (orjson.dumps({"text": ",[{" * 100}), False),
        (orjson.dumps({'a"\\': ',"[' * 100, "b": '\\",' * 100}), False),
        (b'{"a":"\\\\",' + b'"b":1,' * 10 + b'"c":2}', True),
        (b'"' + b"," * 100, True),  # no JSON: the string never ends
    ],
)
def test_values_are_counted_outside_of_texts(body: bytes, too_many: bool) -> None:
    assert holds_too_many(body, 10) is too_many
