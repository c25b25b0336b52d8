"""docs/reference/http.md: the calls, out of the OpenAPI document."""

from collections.abc import Iterator
from typing import Any, Final

from app.access.rules import endpoint_rule
from app.config import Settings
from app.main import create_app
from docs.generate.markdown import code, page, table
from docs.generate.schema_words import default_of, fields_table, in_words, shapes

NO_SECRET: Final = "-" * 32
"""A token: without one the application would make a file for it."""


def http_page() -> str:
    """The whole page."""
    document = create_app(Settings(token=NO_SECRET)).openapi()
    schemas = document["components"]["schemas"]
    return page(
        "HTTP",
        "Every call of `/openapi.json`, which a running server gives out. What they are for is in [the wire](../protocol.md#http);"
        " [who may do what](../access.md) says what the scopes mean. Any call may be refused with the [codes](errors.md) of 400,"
        " 401, 403, 413, 421, 422 and 429, as `application/problem+json`: a [ProblemDetails](#problemdetails).",
        *(
            part
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            for part in _call(method.upper(), path, operation)
        ),
        "## Shapes",
        *shapes(schemas),
    )


def _call(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## `{method} {path}`"
    scope = endpoint_rule(method, path).scope
    yield f"Scope: {code(scope.value) if scope else 'none'}."
    yield operation.get("description", "")
    if params := operation.get("parameters"):
        yield table(
            ["parameter", "in", "value", "default", "what"],
            (_parameter(one) for one in params),
        )
    if body := operation.get("requestBody"):
        yield "Body: " + _content(body["content"]) + "."
    answered = {key: one for key, one in operation["responses"].items() if key < "400"}
    for status, answer in answered.items():
        if content := answer.get("content"):
            yield f"Answers {status}: {_content(content)}."
            yield from _inline(content)


def _parameter(one: dict[str, Any]) -> tuple[str, str, str, str, str]:
    schema = one["schema"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    value = in_words({"anyOf": kinds} if kinds else schema)
    default = default_of(one["required"], schema)
    return code(one["name"]), one["in"], value, default, one.get("description", "")


def _content(content: dict[str, Any]) -> str:
    said = []
    for media, told in content.items():
        words = in_words(told.get("schema", {}))
        said.append(code(media) if words in ("anything", "object") else f"{code(media)}, {words}")
    return "; ".join(said)


def _inline(content: dict[str, Any]) -> Iterator[str]:
    """The fields of an answer whose shape has no name."""
    for told in content.values():
        if told.get("schema", {}).get("properties"):
            yield fields_table(told["schema"])
