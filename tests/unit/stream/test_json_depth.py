"""How deep JSON may nest: the same answer as walking it, whatever stands in its strings."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stream.json_depth import JSON_DEPTH_MAX, is_too_deep

TRICKY = st.text(alphabet='[]{}"\\a,:\n', max_size=8)
VALUES = st.recursive(
    st.none() | st.integers() | TRICKY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TRICKY, inner, max_size=4),
    max_leaves=30,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def nested(levels: int, *, braces: bool = False) -> str:
    if braces:
        return '{"a":' * levels + "1" + "}" * levels
    return "[" * levels + "]" * levels


@given(VALUES, st.integers(1, 6), st.booleans())
def test_it_is_as_deep_as_walking_it_says(value: Any, most: int, escape: bool) -> None:
    text = json.dumps(value, ensure_ascii=escape)
    assert is_too_deep(text, most) == is_too_deep(text.encode(), most) == (depth(value) > most)


@pytest.mark.parametrize("braces", [False, True])
def test_the_limit_itself_is_allowed_and_one_more_is_not(braces: bool) -> None:
    assert not is_too_deep(nested(JSON_DEPTH_MAX, braces=braces))
    assert is_too_deep(nested(JSON_DEPTH_MAX + 1, braces=braces))


@pytest.mark.parametrize("text", ["[" * 9_000, '{"a":' * 9_000, "[{" * 40, "[1," * 40])
def test_what_never_closes_is_too_deep(text: str) -> None:
    assert is_too_deep(text)


def test_many_beside_one_another_are_not_deep() -> None:
    assert not is_too_deep("[" + ",".join([nested(JSON_DEPTH_MAX - 1)] * 1_000) + "]")
    assert is_too_deep("[" + ",".join([nested(JSON_DEPTH_MAX)] * 1_000) + "]")


@pytest.mark.parametrize("text", ["]" * 99, "[]" * 99, '"' + "[" * 99, "\ud800" + "[]" * 99, ""])
def test_what_is_no_json_is_left_to_the_parser(text: str) -> None:
    assert not is_too_deep(text)
