"""What is told of a refusal: the server's words on one line, and what to do."""

import pytest

from app.client.refusals import HINTS, SAID_MAX, detail_of, with_hint


@pytest.mark.parametrize("code", HINTS)
def test_a_refusal_says_what_to_do_on_one_line(code: int) -> None:
    told = with_hint(code, "no\nentry")
    assert told == f"no entry; {HINTS[code]}"
    assert with_hint(code, "") == HINTS[code]


def test_of_another_refusal_the_servers_words_are_all_there_is() -> None:
    assert with_hint(404, "there is no symbol X") == "there is no symbol X"
    assert len(with_hint(404, "x" * 10_000)) == SAID_MAX


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"detail": "too many"}', "too many"),
        (b'{"detail": 3}', ""),
        (b"[]", ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_a_problem_says_its_detail_and_another_body_nothing(body: bytes, said: str) -> None:
    assert detail_of(body) == said
