"""What is made out of the code is what would be made now: the dashboard's types, the docs' reference."""

import pytest

from app.stream.generate import ROOT, TARGET, wire
from app.stream.typescript import render
from docs.generate.__main__ import PAGES, target


def test_the_generated_types_are_fresh() -> None:
    written = (ROOT / TARGET).read_text(encoding="utf-8")
    assert written == render(wire()), f"{TARGET} is stale: run python -m app.stream.generate"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_of_the_reference_is_fresh(name: str) -> None:
    assert target(name).read_text(encoding="utf-8") == PAGES[name](), (
        f"docs/reference/{name}.md is stale: run python3 dev.py types"
    )


def test_no_other_page_is_among_those_of_the_reference() -> None:
    assert {path.stem for path in target("any").parent.iterdir()} == set(PAGES)
