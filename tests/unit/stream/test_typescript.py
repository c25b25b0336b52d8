"""The TypeScript generator: what becomes of each kind of schema, and what it refuses."""

from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel, Field, JsonValue

from app.stream.typescript import Family, Wire, guard_of, render, type_of
from events.scalars import ExactNumber, Fraction, UtcTime


class Mood(StrEnum):
    GOOD = "good"
    ODD = "odd"


class Part(BaseModel):
    """A part. And more of it."""

    name: str


class Whole(BaseModel):
    """The whole.

    In a second paragraph, what a type needs not say.
    """

    price: ExactNumber
    at: UtcTime
    share: Fraction
    number: float
    count: int
    yes: bool
    mood: Mood
    parts: tuple[Part, ...]
    maybe: Part | None
    by_mood: dict[Mood, int]
    by_name: dict[Annotated[str, Field(pattern="^a")], float]
    loose: dict[str, JsonValue]
    kind: Literal["a", "b"]
    default: int = 3


class Nothing(BaseModel):
    """Nothing."""


PayloadT = TypeVar("PayloadT", bound=BaseModel)


class Letter(BaseModel, Generic[PayloadT]):
    """Around a payload."""

    msg_id: str
    type: str
    payload: PayloadT


def received(**payloads: type[BaseModel]) -> Family:
    return Family("Received", payloads, Letter[Nothing], guarded=True)


def sent(**payloads: type[BaseModel]) -> Family:
    return Family("Sent", payloads, Letter[Nothing], guarded=False)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("line"),
    [
        "readonly price: Decimal;",
        "readonly at: Time;",
        "readonly share: number;",
        "readonly number: number;",
        "readonly count: number;",
        "readonly yes: boolean;",
        "readonly mood: Mood;",
        "readonly parts: ReadonlyArray<Part>;",
        "readonly maybe: Part | null;",
        "readonly by_mood: Readonly<Partial<Record<Mood, number>>>;",
        "readonly by_name: Readonly<Record<string, number>>;",
        "readonly loose: Readonly<Record<string, JsonValue>>;",
        'readonly kind: "a" | "b";',
        "readonly default: number;",
        "/** The whole. */",
        'export const MOOD_VALUES = ["good", "odd"] as const;',
        "export type Mood = (typeof MOOD_VALUES)[number];",
        "export type JsonValue = unknown;",
        "export type Nothing = Readonly<Record<string, never>>;",
    ],
)
def test_a_field_becomes_its_type(line: str) -> None:
    assert line in lines(render(Wire([received(whole=Whole, nothing=Nothing)])))


@pytest.mark.parametrize(
    ("line"),
    [
        "price: decimal,",
        "at: time,",
        "share: fraction,",
        "number: number,",
        "count: integer,",
        "yes: flag,",
        "mood: moodGuard,",
        "parts: list(partGuard),",
        "maybe: nullable(partGuard),",
        "by_mood: map(integer),",
        "by_name: map(number),",
        "loose: map(jsonValueGuard),",
        'kind: oneOf("a", "b"),',
        "default: integer,",
        "const moodGuard = oneOf(...MOOD_VALUES);",
        "const nothingGuard = record({});",
    ],
)
def test_a_received_field_becomes_its_guard(line: str) -> None:
    assert line in lines(render(Wire([received(whole=Whole, nothing=Nothing)])))


def test_a_field_that_may_be_left_out_when_sent_is_optional() -> None:
    text = render(Wire([sent(whole=Whole)]))
    assert "readonly default?: number;" in lines(text)
    assert "Guard" not in text
    assert "import" not in text


def test_a_guard_stands_below_those_that_it_uses() -> None:
    class Aaa(BaseModel):
        whole: Whole

    text = render(Wire([received(aaa=Aaa, part=Part)]))
    order = [text.index(f"const {name}Guard =") for name in ("mood", "part", "whole", "aaa")]
    assert order == sorted(order)


def test_a_model_in_two_families_has_one_type_and_one_guard() -> None:
    other = Family("Other", {"part": Part, "nothing": Nothing}, Letter[Nothing], guarded=True)
    text = render(Wire([received(part=Part), other]))
    assert text.count("const partGuard =") == 1
    assert text.count("export interface Part ") == 1
    assert "export const isReceived =" in text
    assert "export const isOther =" in text


def test_a_family_is_a_union_that_narrows_by_type() -> None:
    text = render(Wire([received(part=Part, nothing=Nothing)]))
    assert (
        "export interface ReceivedOf<T extends ReceivedType> {\n"
        "  readonly msg_id: string;\n"
        "  readonly type: T;\n"
        "  readonly payload: ReceivedPayloads[T];\n"
        "}"
    ) in text
    assert "export type Received = { [T in ReceivedType]: ReceivedOf<T> }[ReceivedType];" in text


def test_only_what_is_used_is_imported() -> None:
    text = render(Wire([received(part=Part)]))
    imported = text[text.index("import") : text.index('"./shape"')]
    assert [word.strip(" ,") for word in imported.splitlines()[1:-1]] == ["record", "text", "typed"]


def test_constants_are_written_as_they_are() -> None:
    text = render(Wire([], {"VERSION": 1, "TABLE": {"a": "🚀"}}))
    assert "export const VERSION = 1;" in text
    assert 'export const TABLE = {\n  "a": "🚀"\n} as const;' in text


def test_the_same_models_give_the_same_text() -> None:
    wire = Wire([received(whole=Whole, part=Part), sent(nothing=Nothing)], {"A": 1})
    assert render(wire) == render(wire)


@pytest.mark.parametrize("schema", [{"type": "tuple"}, {"not": {}}])
def test_an_unknown_schema_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no TypeScript for this schema"):
        type_of(schema)
    with pytest.raises(ValueError, match="no guard for this schema"):
        guard_of(schema)


def test_a_union_of_several_passes_where_either_guard_does() -> None:
    union = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert type_of(union) == "string | number"
    assert guard_of(union) == "either(text, integer)"


def test_a_union_of_several_and_null_has_no_guard() -> None:
    union = {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}
    assert type_of(union) == "string | number | null"
    with pytest.raises(ValueError, match="no guard"):
        guard_of(union)
