"""A layered mapping is the dict that it stands for, and a copy of it reads next to nothing."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market import layered
from app.market.layered import Layered

KEYS = st.sampled_from("abcdefghij")


@given(first=st.dictionaries(KEYS, st.integers()), then=st.lists(st.tuples(KEYS, st.integers())))
def test_it_is_the_dict_that_it_stands_for_in_the_same_order(
    first: dict[str, int], then: list[tuple[str, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layered, "CHANGED_MAX", 2)
        known, made = dict(first), Layered.of(first)
        for key, value in then:
            before, copy = made, dict(made)
            made = made.with_entry(key, value)
            known[key] = value
            assert list(made.items()) == list(known.items())
            assert made == known
            assert (len(made), repr(made)) == (len(known), repr(known))
            assert dict(before) == copy, "the one before stays"
            assert Layered.of(made) is made
    assert made.get("z") is None
    assert "z" not in made


class Unread(Mapping[str, int]):
    """A long mapping that nobody may go through."""

    def __getitem__(self, key: str) -> int:
        return {"a": 1}[key]

    def __contains__(self, key: object) -> bool:
        return key == "a"

    def __len__(self) -> int:
        return 10_000

    def __iter__(self) -> Iterator[str]:
        pytest.fail("it was copied")


def test_a_copy_does_not_go_through_what_stays() -> None:
    made = Layered(Unread()).with_entry("b", 2).with_entry("a", 3)
    assert (len(made), made["a"], made["b"]) == (10_001, 3, 2)
