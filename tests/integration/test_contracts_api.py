"""The contract of the streams as a running server gives it, held against the official parser."""

# covers: app.api.asyncapi, app.api.asyncapi_page

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from app.stream.message_schemas import message_kinds
from tests.integration.served import Served, daily, new_symbol

WEB: Final = Path(__file__).resolve().parents[2] / "web"
PARSER: Final = Path(__file__).with_name("asyncapi_parser.mjs")
PARSER_S_MAX: Final = 60
WARNING: Final = 1
"""The parser's severities: 0 error, 1 warning, 2 information (there is a newer AsyncAPI), 3 hint."""


def parsed(document: Any) -> dict[str, Any]:
    """What the official parser says about a document."""
    node = os.environ.get("SYNAPSE_TEST_NODE") or shutil.which("node")
    if not node or not (WEB / "node_modules" / "@asyncapi" / "parser").is_dir():
        reason = "node or the dashboard's packages are missing: npm ci --ignore-scripts in web"
        if os.environ.get("CI") or os.environ.get("SYNAPSE_TEST_NODE"):
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(
        [node, str(PARSER), str(WEB)],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        timeout=PARSER_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_the_official_parser_takes_the_document(served: Served) -> None:
    told = parsed(served.get("/asyncapi.json"))
    assert [one for one in told["said"] if one["severity"] <= WARNING] == []
    assert set(told["channels"]) == {"/ws/synapse", "/ws/replay", "/api/stream"}
    assert set(told["messages"]) == set(message_kinds())


def test_the_official_parser_finds_planted_faults(served: Served) -> None:
    document = served.get("/asyncapi.json")
    document["operations"]["synapse_ping"]["action"] = "shout"
    document["components"]["messages"]["ping"]["payload"] = {"type": "anything"}
    found = [one["path"] for one in parsed(document)["said"] if one["severity"] == 0]
    assert any(path.startswith("operations.synapse_ping") for path in found), found
    assert len(found) > 1


def test_the_openapi_document_is_valid_and_names_the_contracts(served: Served) -> None:
    document = served.get("/openapi.json")
    validate(document)
    calls = {"/asyncapi.json", "/asyncapi", "/schemas/{type}.json", "/metrics", "/api/connections"}
    assert calls <= set(document["paths"])


def test_the_page_comes_with_its_looks_in_a_file_of_their_own(served: Served) -> None:
    answer = served.http.get("/asyncapi")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "regime_update" in answer.text
    assert '<link rel="stylesheet" href="asyncapi.css">' in answer.text
    looks = served.http.get("/asyncapi.css")
    assert looks.headers["content-type"] == "text/css; charset=utf-8"
    assert "border-collapse" in looks.text


@pytest.mark.parametrize("name", sorted(message_kinds()))
def test_every_message_has_a_schema(served: Served, name: str) -> None:
    answer = served.http.get(f"/schemas/{name}.json")
    assert answer.headers["content-type"] == "application/schema+json"
    schema = answer.json()
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["type"]["const"] == name


def test_an_unknown_schema_is_answered_by_the_list(served: Served) -> None:
    answer = served.http.get("/schemas/gossip.json")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "not_found"
    assert "'gossip'" in problem["detail"]
    assert all(name in problem["detail"] for name in message_kinds())


def test_what_the_log_gives_fits_the_published_schemas(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, str(100 + number), number) for number in range(3)))
    events = served.events(f"channels=prices,regime&symbols={symbol}")
    assert {event["type"] for event in events} == {"price_update", "regime_update"}
    for event in events:
        schema = served.get(f"/schemas/{event['type']}.json")
        Draft202012Validator(schema).validate(event)
