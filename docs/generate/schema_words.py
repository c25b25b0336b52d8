"""JSON Schemas in words and tables."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from docs.generate.markdown import code, codes, first_paragraph, one_line, table

Json = Mapping[str, Any]

_BOUNDS: Final = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
}
_NAMES: Final = {"integer": "whole number", "number": "number", "string": "text", "null": "null"}
_FORMATS: Final = {"date-time": "time (RFC 3339)", "path": "path", "binary": "bytes"}
_EXACT: Final = 2**53 - 1
"""The highest position that every client can tell from the next: as a bound it says nothing."""


def in_words(schema: Json) -> str:
    """What a value of a schema is."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    for way in ("anyOf", "oneOf", "allOf"):
        if way in schema:
            return " or ".join(dict.fromkeys(in_words(one) for one in schema[way]))
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return codes(schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {in_words(schema.get('items', {}))}{_count(schema, 'Items')}"
    if kind == "object":
        return _object(schema)
    name = _FORMATS.get(schema.get("format", ""), "") or str(_NAMES.get(kind, kind))
    given = [
        f"{sign} {_number(schema[key])}" for key, sign in _BOUNDS.items() if _told(schema, key)
    ]
    characters = _count(schema, "Length", " characters") if kind == "string" else ""
    return name + (f" {', '.join(given)}" if given else "") + characters


def fields_table(schema: Json) -> str:
    """The fields of an object; a line where it has none."""
    if not schema.get("properties"):
        return "No fields."
    required = schema.get("required", ())
    return table(
        ["field", "value", "default", "what"],
        (
            (code(name), in_words(one), default_of(name in required, one), _said(one))
            for name, one in schema["properties"].items()
        ),
    )


def shapes(definitions: Mapping[str, Json]) -> Iterator[str]:
    """A part for each shape that others name."""
    for name, schema in sorted(definitions.items()):
        yield f"### {name}"
        yield first_paragraph(schema.get("description"))
        yield f"One of {codes(schema['enum'])}." if "enum" in schema else fields_table(schema)


def _object(schema: Json) -> str:
    of = schema.get("additionalProperties") or next(
        iter(schema.get("patternProperties", {}).values()), None
    )
    return f"object of {in_words(of)}" if isinstance(of, Mapping) else "object"


def _told(schema: Json, key: str) -> bool:
    return key in schema and schema[key] != _EXACT


def _number(value: float) -> str:
    return f"{value:,}"


def _count(schema: Json, what: str, unit: str = "") -> str:
    low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
    if low is None and high is None:
        return ""
    if high is None:
        return f" (at least {low:,}{unit})"
    return f" ({low:,} to {high:,}{unit})" if low else f" (at most {high:,}{unit})"


def default_of(is_required: bool, schema: Json) -> str:
    """What a value is where none is given; `required` where one must be."""
    if is_required:
        return "required"
    value = schema.get("default")
    return "" if value is None else code(orjson.dumps(value).decode().strip('"'))


def _said(schema: Json) -> str:
    return one_line(schema.get("description"))
