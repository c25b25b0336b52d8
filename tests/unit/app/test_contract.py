"""The contract of the calls tells what any call may be refused with, and how errors look."""

# covers: app.api.contract, app.api.event_schemas

from typing import Any

import pytest
from openapi_spec_validator import validate

from app.api.contract import EVERYWHERE
from app.api.problems import MEDIA_TYPE
from app.config import Settings
from app.main import create_app


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings(token="t" * 40)).openapi()


def calls(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for path in document["paths"].values() for call in path.values()]


def test_it_is_valid_and_made_once(document: dict[str, Any]) -> None:
    validate(document)
    app = create_app(Settings(token="t" * 40))
    assert app.openapi() is app.openapi()


def test_every_call_tells_what_any_call_may_be_refused_with(document: dict[str, Any]) -> None:
    for call in calls(document):
        assert {str(status) for status in EVERYWHERE} <= call["responses"].keys()


def test_every_error_is_declared_as_the_problem_that_it_is(document: dict[str, Any]) -> None:
    for call in calls(document):
        for status, answer in call["responses"].items():
            if status.startswith("4"):
                assert list(answer["content"]) == [MEDIA_TYPE]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_answer_has_a_shape(document: dict[str, Any]) -> None:
    told = [
        media.get("schema")
        for path, calls in document["paths"].items()
        for call in calls.values()
        for name, media in call["responses"]["200"]["content"].items()
        if name == "application/json" and path.startswith("/api/")
    ]
    assert told
    assert all(told)


@pytest.mark.parametrize("path", ["/api/state", "/api/bars"])
def test_a_typed_answer_names_its_type(document: dict[str, Any], path: str) -> None:
    answer = document["paths"][path]["get"]["responses"]["200"]
    name = path.removeprefix("/api/").title()
    assert answer["content"]["application/json"]["schema"] == {
        "$ref": f"#/components/schemas/{name}"
    }
