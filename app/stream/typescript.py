"""TypeScript from pydantic models: types, discriminated unions and runtime guards. Text in, text out.

It works on the models' JSON Schemas, so whatever a model says of itself on the wire (decimal strings,
RFC 3339 times) is what the page gets. The guards are calls of the small combinators in `shape.ts`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from events.scalars import DECIMAL_PATTERN

Schema: TypeAlias = Mapping[str, Any]
Models: TypeAlias = Mapping[str, type[BaseModel]]

LINE_LENGTH: Final = 100
HEADER: Final = """\
// Generated from the server's Pydantic models: do not edit. `python -m app.stream.generate` rewrites it.
"""
ALIASES: Final = """\
/** An exact number as a fixed-point decimal string. */
export type Decimal = string;
/** An RFC 3339 time. */
export type Time = string;
"""
COMBINATORS: Final = (
    "anything",
    "decimal",
    "either",
    "flag",
    "fraction",
    "integer",
    "list",
    "map",
    "nullable",
    "number",
    "oneOf",
    "record",
    "text",
    "time",
    "typed",
)
_SCALARS: Final = {
    "string": ("string", "text"),
    "integer": ("number", "integer"),
    "number": ("number", "number"),
    "boolean": ("boolean", "flag"),
    "null": ("null", "oneOf(null)"),
}


@dataclass(frozen=True, slots=True)
class Family:
    """One direction's messages: their payloads by type name, and any one model of their envelope.

    Attributes:
        name: what the family is called in TypeScript, such as `ServerEvent`.
        payloads: type name on the wire -> payload model.
        envelope: a model of the envelope; its `type` and `payload` are replaced by each message's own.
        guarded: whether the page receives these messages and so needs guards for them.
    """

    name: str
    payloads: Models
    envelope: type[BaseModel]
    guarded: bool


@dataclass(frozen=True, slots=True)
class Wire:
    """Everything that TypeScript is generated from.

    Attributes:
        families: the messages.
        constants: exported as they are: UPPER_CASE name -> JSON value.
    """

    families: Sequence[Family]
    constants: Mapping[str, Any] = field(default_factory=dict)


def render(wire: Wire) -> str:
    """The whole TypeScript module for a wire."""
    types = [part for name, schema in _definitions(wire).items() for part in _type(name, schema)]
    guarded = [family for family in wire.families if family.guarded]
    guards = [_payload_guards(guarded), *(_family_guards(family) for family in guarded)]
    families = [_family_types(family) for family in wire.families]
    constants = [_constant(name, value) for name, value in wire.constants.items()]
    head = HEADER + _imports("".join(guards))
    return "\n".join([head, ALIASES, *types, *families, *guards, *constants])


def type_of(schema: Schema) -> str:
    """The TypeScript type of one JSON Schema.

    Raises:
        ValueError: for a schema that the generator does not know.
    """
    if "$ref" in schema:
        return str(schema["$ref"])
    if values := _literals(schema):
        return " | ".join(values)
    if options := _options(schema):
        return " | ".join(type_of(option) for option in options)
    if leaf := _leaf(schema):
        return leaf[0]
    if schema.get("type") == "array":
        return f"ReadonlyArray<{type_of(schema.get('items', {}))}>"
    if schema.get("type") == "object":
        return _map_type(schema)
    raise ValueError(f"no TypeScript for this schema: {json.dumps(schema)[:200]}")


def guard_of(schema: Schema) -> str:
    """The guard expression of one JSON Schema, made of the combinators in `shape.ts`.

    Raises:
        ValueError: for a schema that the generator does not know.
    """
    if "$ref" in schema:
        return _guard_name(schema["$ref"])
    if values := _literals(schema):
        return f"oneOf({', '.join(values)})"
    some = [option for option in _options(schema) if option.get("type") != "null"]
    if len(some) == 1:
        return f"nullable({guard_of(some[0])})"
    if some and len(some) == len(_options(schema)):
        return f"either({', '.join(guard_of(option) for option in some)})"
    if leaf := _leaf(schema):
        return leaf[1]
    if schema.get("type") == "array":
        return f"list({guard_of(schema.get('items', {}))})"
    if schema.get("type") == "object":
        return f"map({guard_of(_values(schema))})"
    raise ValueError(f"no guard for this schema: {json.dumps(schema)[:200]}")


def _literals(schema: Schema) -> list[str]:
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return [_quote(value) for value in values]


def _options(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf") or schema.get("oneOf") or [])


def _leaf(schema: Schema) -> tuple[str, str] | None:
    """The type and the guard of a schema that has no parts."""
    if not schema:
        return "unknown", "anything"
    if schema.get("pattern") == DECIMAL_PATTERN:
        return "Decimal", "decimal"
    if schema.get("format") == "date-time":
        return "Time", "time"
    if (schema.get("type"), schema.get("minimum"), schema.get("maximum")) == ("number", 0, 1):
        return "number", "fraction"
    return _SCALARS.get(schema.get("type", ""))


def _schemas(models: Sequence[type[BaseModel]], sent: bool) -> dict[str, Schema]:
    mode: Literal["validation", "serialization"] = "validation" if sent else "serialization"
    _, schema = models_json_schema([(model, mode) for model in models], ref_template="{model}")
    found: dict[str, Any] = schema.get("$defs", {})
    for one in found.values():
        if not sent and "properties" in one:
            # What the server sends is always whole: a default fills what was not given.
            one["required"] = list(one["properties"])
    return found


def _definitions(wire: Wire) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for family in wire.families:
        found |= _schemas(list(family.payloads.values()), sent=not family.guarded)
    return {name: found[name] for name in sorted(found)}


def _type(name: str, schema: Schema) -> Iterator[str]:
    doc = _doc(schema)
    if "enum" in schema:
        values = _constant_name(name)
        yield (
            f"{doc}export const {values} = [{', '.join(_quote(v) for v in schema['enum'])}] as const;\n"
            f"export type {name} = (typeof {values})[number];\n"
        )
    elif schema.get("properties"):
        yield f"{doc}export interface {name} {_fields(schema)}\n"
    else:
        yield f"{doc}export type {name} = {type_of(schema)};\n"


def _fields(schema: Schema) -> str:
    required = schema.get("required", [])
    lines = [
        f"  readonly {name}{'' if name in required else '?'}: {type_of(value)};"
        for name, value in schema.get("properties", {}).items()
    ]
    return "{\n" + "\n".join(lines) + "\n}"


def _envelope(family: Family) -> dict[str, Schema]:
    schema = family.envelope.model_json_schema(mode="serialization", ref_template="{model}")
    fields: dict[str, Schema] = schema["properties"]
    return {name: value for name, value in fields.items() if name not in {"type", "payload"}}


def _family_types(family: Family) -> str:
    envelope = "".join(
        f"  readonly {name}: {type_of(value)};\n" for name, value in _envelope(family).items()
    )
    payloads = "".join(f"  {name}: {model.__name__};\n" for name, model in family.payloads.items())
    return (
        f"/** The payload of each {family.name}, by its type. */\n"
        f"export interface {family.name}Payloads {{\n{payloads}}}\n"
        f"export type {family.name}Type = keyof {family.name}Payloads;\n"
        f"export interface {family.name}Of<T extends {family.name}Type> {{\n"
        f"{envelope}  readonly type: T;\n  readonly payload: {family.name}Payloads[T];\n}}\n"
        f"/** A union that narrows by `type`. */\n"
        f"export type {family.name} = "
        f"{{ [T in {family.name}Type]: {family.name}Of<T> }}[{family.name}Type];\n"
    )


def _imports(guards: str) -> str:
    used = [name for name in COMBINATORS if re.search(rf"\b{name}\b", guards)]
    lines = "".join(f"  {name},\n" for name in used)
    return f'import {{\n{lines}}} from "./shape";\n' if used else ""


def _payload_guards(families: Sequence[Family]) -> str:
    models = [model for family in families for model in family.payloads.values()]
    shapes = _schemas(models, sent=False)
    return "".join(_guard(name, shapes[name]) for name in _in_order_of_need(shapes))


def _family_guards(family: Family) -> str:
    table = {name: _guard_name(model.__name__) for name, model in family.payloads.items()}
    envelope = {name: guard_of(value) for name, value in _envelope(family).items()}
    place = f"{_camel(family.name)}Envelope"
    return (
        f"const {place} = record({_object(envelope)});\n"
        f"const {_camel(family.name)}Payloads = {_object(table)};\n"
        f"/** Whether a type's name is one of {family.name}. */\n"
        f"export const is{family.name}Type = (type: string): type is {family.name}Type =>\n"
        f"  Object.hasOwn({_camel(family.name)}Payloads, type);\n"
        f"/** Whether a value is a sound {family.name}; fields that it does not know do not matter. */\n"
        f"export const is{family.name} = (value: unknown): value is {family.name} =>\n"
        f"  {place}(value) && typed({_camel(family.name)}Payloads)(value);\n"
    )


def _guard(name: str, schema: Schema) -> str:
    if "enum" in schema:
        return f"const {_guard_name(name)} = oneOf(...{_constant_name(name)});\n"
    if schema.get("type") != "object":
        return f"const {_guard_name(name)} = {guard_of(schema)};\n"
    fields = {key: guard_of(value) for key, value in schema.get("properties", {}).items()}
    return f"const {_guard_name(name)} = record({_object(fields)});\n"


def _in_order_of_need(shapes: Mapping[str, Schema]) -> list[str]:
    """Names such that every guard stands below those that it uses."""
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name not in ordered:
            for needed in sorted(set(re.findall(r'"\$ref": "(\w+)"', json.dumps(shapes[name])))):
                if not _keys_only(shapes[name], needed):
                    visit(needed)
            ordered.append(name)

    for name, schema in shapes.items():
        if schema.get("type") == "object":
            visit(name)
    return ordered


def _keys_only(schema: Schema, name: str) -> bool:
    """Whether a definition is used for a map's keys alone, which no guard looks at."""
    text = json.dumps(schema)
    reference = json.dumps({"$ref": name})
    return text.count(reference) == text.count(f'"propertyNames": {reference}')


def _map_type(schema: Schema) -> str:
    if not schema.get("additionalProperties") and not schema.get("patternProperties"):
        return "Readonly<Record<string, never>>"
    values, keys = type_of(_values(schema)), schema.get("propertyNames", {})
    if "$ref" in keys:
        return f"Readonly<Partial<Record<{type_of(keys)}, {values}>>>"
    return f"Readonly<Record<string, {values}>>"


def _values(schema: Schema) -> Schema:
    patterns = schema.get("patternProperties", {})
    values = schema.get("additionalProperties", {})
    return next(iter(patterns.values()), values) if patterns or isinstance(values, dict) else {}


def _constant(name: str, value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return f"export const {name} = {text}{' as const' if isinstance(value, dict) else ''};\n"


def _doc(schema: Schema) -> str:
    lines = str(schema.get("description", "")).strip().splitlines()
    return f"/** {lines[0]} */\n" if lines else ""


def _object(fields: Mapping[str, str]) -> str:
    inside = ", ".join(f"{key}: {value}" for key, value in fields.items())
    if len(inside) < LINE_LENGTH // 2:
        return f"{{ {inside} }}" if inside else "{}"
    return "{\n" + "".join(f"  {key}: {value},\n" for key, value in fields.items()) + "}"


def _quote(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


def _guard_name(name: str) -> str:
    return f"{_camel(name)}Guard"


def _constant_name(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper() + "_VALUES"
