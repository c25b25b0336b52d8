"""Payloads to stored text and back, also when the text was written under an older schema."""

# covers: events.codec, events.upcasters

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from events import codec, upcasters
from events.catalog import CATALOG, EventType, PriceUpdate, SystemNotice
from events.envelope import RecordedEvent
from events.errors import UnknownEventType, UnreadablePayload
from events.upcasters import upcast
from tests.unit.events.builders import notice, price, recorded, regime


@pytest.mark.parametrize("payload", [price(), regime(), notice()])
def test_a_payload_survives_its_text(payload: PriceUpdate) -> None:
    event = recorded([payload])[0]
    assert codec.decode(event) == payload
    assert CATALOG[event.type].text_of(codec.decode(event)) == event.payload_json
    assert codec.is_current(event)


def test_plain_fields_are_those_of_the_text() -> None:
    event = recorded([price(value="1.50")])[0]
    fields = codec.payload_fields(event)
    assert (fields["price"], fields["timestamp"]) == ("1.50", "2026-01-16T12:00:00.000000Z")


def test_a_type_that_a_newer_program_wrote_is_unknown() -> None:
    event = recorded([price()])[0]._replace(type="rumour")
    assert not codec.is_current(event)
    with pytest.raises(UnknownEventType):
        codec.decode(event)
    assert codec.payload_fields(event)["symbol"] == "SPX"
    assert codec.rewritten(event) is None


def test_a_schema_version_that_no_step_leads_from_is_unknown() -> None:
    event = recorded([price()])[0]._replace(schema_version=9)
    with pytest.raises(UnknownEventType, match="price_update version 9"):
        codec.decode(event)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{", "Invalid JSON"), ("{}", "Field required"), ('{"symbol":1}', "symbol")],
)
def test_a_text_that_does_not_fit_its_type_is_unreadable(text: str, problem: str) -> None:
    event = recorded([price()])[0]._replace(payload_json=text)
    with pytest.raises(UnreadablePayload) as caught:
        codec.decode(event)
    assert (caught.value.position, caught.value.type_name) == (1, "price_update")
    assert problem in str(caught.value) or "timestamp" in str(caught.value)


@pytest.mark.parametrize("read", [codec.decode, codec.payload_fields])
def test_an_old_text_that_is_no_json_is_unreadable(
    read: Callable[[RecordedEvent], object],
) -> None:
    event = recorded([price()])[0]._replace(payload_json="{", schema_version=9)
    with pytest.raises(UnreadablePayload):
        read(event)


# --- a planted schema change: `text` was called `words` in version 1, and had no `kind` in 2 -----


def _rename(payload: dict[str, Any]) -> dict[str, Any]:
    return {("text" if key == "words" else key): value for key, value in payload.items()}


def _add_kind(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | {"kind": "correction"}


STEPS = {("system_notice", 1): _rename, ("system_notice", 2): _add_kind}


@pytest.fixture
def version_3(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = CATALOG["system_notice"]
    newer = EventType(entry.name, SystemNotice, 3, entry.channel, entry.entity_field)
    monkeypatch.setattr(codec, "CATALOG", {**CATALOG, entry.name: newer})
    for key, step in STEPS.items():
        monkeypatch.setitem(upcasters.UPCASTERS, key, step)


OLD_TEXT = '{"timestamp":"2026-01-16T12:00:00.000000Z","words":"hello","details":{}}'


@pytest.mark.usefixtures("version_3")
def test_an_old_payload_goes_through_every_step_on_its_way_out() -> None:
    old = recorded([notice()])[0]._replace(payload_json=OLD_TEXT)
    assert not codec.is_current(old)
    assert codec.decode(old) == notice("hello")
    assert codec.payload_fields(old) == {
        "timestamp": "2026-01-16T12:00:00.000000Z",
        "text": "hello",
        "details": {},
        "kind": "correction",
    }


@pytest.mark.usefixtures("version_3")
def test_steps_begin_at_the_version_of_the_payload() -> None:
    text = OLD_TEXT.replace("words", "text")
    old = recorded([notice()])[0]._replace(payload_json=text, schema_version=2)
    assert codec.decode(old) == notice("hello")


def test_an_upcast_goes_as_far_as_the_steps_do_and_touches_no_other_type() -> None:
    assert upcast("system_notice", 1, {"words": "x"}, STEPS) == (
        3,
        {"text": "x", "kind": "correction"},
    )
    assert upcast("system_notice", 3, {"text": "x"}, STEPS) == (3, {"text": "x"})
    assert upcast("price_update", 1, {"words": "x"}, STEPS) == (1, {"words": "x"})


@pytest.mark.usefixtures("version_3")
def test_raw_is_what_was_written_through_no_step() -> None:
    old = recorded([notice()])[0]._replace(payload_json=OLD_TEXT)
    assert codec.raw(old) == codec.RawPayload(1, OLD_TEXT)


@pytest.mark.usefixtures("version_3")
@pytest.mark.parametrize(
    ("changes", "readable"),
    [
        ({}, True),
        ({"schema_version": 2}, True),
        ({"schema_version": 3}, True),
        ({"schema_version": 4}, False),
        ({"type": "rumour"}, False),
    ],
)
def test_what_reaches_the_present_version_can_be_read(
    changes: dict[str, Any], readable: bool
) -> None:
    assert codec.is_readable(recorded([notice()])[0]._replace(**changes)) is readable


@pytest.mark.usefixtures("version_3")
def test_a_step_that_fails_tells_which_event_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(payload: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("words")

    monkeypatch.setitem(upcasters.UPCASTERS, ("system_notice", 1), stumble)
    old = recorded([notice()])[0]._replace(payload_json=OLD_TEXT, position=7)
    for read in (codec.payload_fields, codec.decode):
        with pytest.raises(UnreadablePayload, match=r"position 7.*version 1.*KeyError"):
            read(old)


@pytest.mark.usefixtures("version_3")
def test_an_old_payload_can_be_written_as_it_would_be_today() -> None:
    event = recorded([notice("hello")])[0]
    old = event._replace(payload_json=OLD_TEXT)
    assert codec.rewritten(old) == event.payload_json
    assert codec.rewritten(event._replace(schema_version=3)) == event.payload_json
    assert codec.rewritten(event._replace(schema_version=4)) is None


def test_missing_steps_are_named_once_and_only_for_older_versions_of_known_types() -> None:
    newer = {
        "system_notice": replace(CATALOG["system_notice"], schema_version=4),
        "price_update": replace(CATALOG["price_update"], schema_version=2),
    }
    stored = [
        *(("system_notice", version) for version in (1, 2, 3, 4, 9)),
        ("price_update", 2),
        ("rumour", 1),
    ]
    assert upcasters.missing_steps(stored, newer, STEPS) == ["system_notice 3 -> 4"]
    assert upcasters.missing_steps([("price_update", 1)], newer, STEPS) == ["price_update 1 -> 2"]
    assert upcasters.missing_steps([("system_notice", 1)], CATALOG) == []
