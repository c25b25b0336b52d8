"""The contract of the streams: exactly what the protocol knows, with examples that fit."""

# covers: app.stream.message_schemas, app.stream.message_examples, app.api.asyncapi_page

import json
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from app.api.asyncapi_page import STYLE, render
from app.stream.asyncapi import DOORS, asyncapi_document
from app.stream.message_examples import example_of
from app.stream.message_schemas import message_kinds, message_schema
from app.stream.protocol import (
    CLIENT_MESSAGES,
    CONTROL_MESSAGES,
    EVENT_MESSAGES,
    parse_client_message,
)
from app.stream.replay_protocol import REPLAY_COMMANDS, REPLAY_CONTROL, parse_replay_message
from events.catalog import CATALOG

DOCUMENT = asyncapi_document("1.2.3")
MESSAGES: Mapping[str, Any] = DOCUMENT["components"]["messages"]
WIRE = Path(__file__).resolve().parents[3] / "docs" / "protocol.md"


def refs(value: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from refs(one)
    elif isinstance(value, list):
        for one in value:
            yield from refs(one)


def at(ref: str) -> Any:
    """What a `$ref` points to."""
    place: Any = DOCUMENT
    for part in ref.removeprefix("#/").split("/"):
        place = place[part]
    return place


def spoken(action: str, door: str) -> set[str]:
    """The messages of a door's operations of one direction."""
    operations = [
        one
        for one in DOCUMENT["operations"].values()
        if one["action"] == action and one["channel"]["$ref"] == f"#/channels/{door}"
    ]
    return {ref["$ref"].rpartition("/")[2] for one in operations for ref in one["messages"]}


def test_the_messages_are_exactly_those_that_the_protocol_knows() -> None:
    clients, servers = {*CLIENT_MESSAGES, *REPLAY_COMMANDS}, {*CONTROL_MESSAGES, *REPLAY_CONTROL}
    assert set(MESSAGES) == clients | servers | set(EVENT_MESSAGES)
    assert set(EVENT_MESSAGES) == set(CATALOG)
    assert spoken("receive", "synapse") == set(CLIENT_MESSAGES)
    assert spoken("send", "synapse") == {*CONTROL_MESSAGES, *EVENT_MESSAGES}
    assert spoken("receive", "replay") == {*REPLAY_COMMANDS, "ping", "authenticate"}
    assert spoken("send", "replay") >= {*REPLAY_CONTROL, *EVENT_MESSAGES, "error"}
    assert spoken("receive", "stream") == set()


def test_every_reference_leads_somewhere() -> None:
    found = set(refs(DOCUMENT))
    assert found
    for ref in found:
        assert at(ref) is not None


@pytest.mark.parametrize("name", MESSAGES)
def test_an_example_fits_its_model_its_schema_and_the_document(name: str) -> None:
    example = MESSAGES[name]["examples"][0]["payload"]
    assert example == example_of(name)
    message_kinds()[name].model.model_validate_json(json.dumps(example))
    Draft202012Validator(message_schema(name)).validate(example)
    components = {"components": DOCUMENT["components"], **MESSAGES[name]["payload"]}
    Draft202012Validator(components).validate(example)


@pytest.mark.parametrize("name", [*CLIENT_MESSAGES, *REPLAY_COMMANDS])
def test_an_example_is_what_the_server_takes(name: str) -> None:
    parse = parse_replay_message if name in REPLAY_COMMANDS else parse_client_message
    assert parse(json.dumps(example_of(name))).type == name


@pytest.mark.parametrize("name", MESSAGES)
def test_a_schema_refuses_another_type_and_a_missing_payload(name: str) -> None:
    schema, example = Draft202012Validator(message_schema(name)), example_of(name)
    with pytest.raises(ValidationError, match="was expected"):
        schema.validate({**example, "type": "gossip"})
    with pytest.raises(ValidationError, match="'payload' is a required property"):
        schema.validate({key: value for key, value in example.items() if key != "payload"})


def test_clients_may_send_no_unknown_field_but_must_ignore_one() -> None:
    more = {"new_in_version_2": True}
    with pytest.raises(ValidationError, match="new_in_version_2"):
        Draft202012Validator(message_schema("ping")).validate({**example_of("ping"), **more})
    regime = example_of("regime_update")
    regime["payload"] |= more
    Draft202012Validator(message_schema("regime_update")).validate({**regime, **more})


def test_the_codes_are_those_of_the_pages_on_the_wire() -> None:
    page = WIRE.read_text(encoding="utf-8")
    told = {code for door in DOORS for code in door.errors}
    assert [code for code in sorted(told) if f"`{code}`" not in page] == []


# --- the page -----------------------------------------------------------------------------------


class Seen(HTMLParser):
    """What a page holds: its tags, the targets of its links, its ids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.ids += [value or "" for name, value in attrs if name == "id"]


def test_the_page_shows_every_message_and_every_link_leads_somewhere() -> None:
    seen = Seen(render(DOCUMENT))
    assert len(seen.ids) == len(set(seen.ids))
    assert {f"message-{name}" for name in MESSAGES} <= set(seen.ids)
    within = {link[1:] for link in seen.links if link.startswith("#")}
    assert within <= set(seen.ids)
    schemas = {f"/schemas/{name}.json" for name in MESSAGES}
    outside = {link for link in seen.links if not link.startswith("#")}
    assert outside == {"/asyncapi.json", "/openapi.json", "asyncapi.css", *schemas}


def test_the_page_needs_no_script_and_nothing_from_elsewhere() -> None:
    page = render(DOCUMENT)
    seen = Seen(page)
    assert {"script", "style", "img", "iframe"} & set(seen.tags) == set()
    assert [name for name in seen.attributes if name == "style" or name.startswith("on")] == []
    assert "://" not in page
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_what_a_document_says_is_text_never_markup() -> None:
    planted = json.loads(json.dumps(DOCUMENT).replace("Are you there", "<script>alert"))
    planted["info"]["description"] = "<script>alert(1)</script>"
    assert "<script>" not in render(planted)


def test_every_way_in_is_told_and_none_of_them_is_the_address() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert {one["type"] for one in schemes.values()} == {"http", "httpApiKey"}
    assert "query" not in {one.get("in") for one in schemes.values()}
    asked = {
        key: [one["$ref"].rpartition("/")[2] for one in server["security"]]
        for key, server in DOCUMENT["servers"].items()
    }
    assert asked == {
        "websocket": ["header", "subprotocol", "session"],
        "http": ["header", "session"],
    }
    page = render(DOCUMENT)
    for said in ("Authorization: Bearer TOKEN", "synapse.bearer.TOKEN", "4401", "4403"):
        assert said in page
