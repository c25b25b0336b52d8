"""The dashboard's types are the server's: the generated file is what would be written now."""

from app.stream.generate import ROOT, TARGET, wire
from app.stream.typescript import render


def test_the_generated_types_are_fresh() -> None:
    written = (ROOT / TARGET).read_text(encoding="utf-8")
    assert written == render(wire()), f"{TARGET} is stale: run python -m app.stream.generate"
