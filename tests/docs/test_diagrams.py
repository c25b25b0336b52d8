"""The site's diagrams are pictures of what the pages say, and take nothing from elsewhere."""

import logging
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from docs.theme.diagrams import BLOCK, IMAGES, on_page_markdown, picture_of, stamp_of
from tests.docs.pages import pages

DRAWN: Final = {
    path: found
    for path in pages()
    if path.name != "README.md" and (found := BLOCK.findall(path.read_text(encoding="utf-8")))
}
PAGES: Final = pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.stem)


@PAGES
def test_the_picture_is_of_the_page_s_text(path: Path) -> None:
    [text] = DRAWN[path]
    drawn = picture_of(path.name).read_text(encoding="utf-8")
    assert stamp_of(text) in drawn, "python -m tests.e2e.diagram_picture draws it again"


@PAGES
def test_the_picture_stands_for_itself(path: Path) -> None:
    drawn = picture_of(path.name).read_text(encoding="utf-8")
    assert "\n" not in drawn.strip()  # Markdown would end it at an empty line
    assert set(re.findall(r"""https?://[^"' )]+""", drawn)) <= {"http://www.w3.org/2000/svg"}
    assert re.findall(r"<(?:script|image|foreignObject)\b|@import|url\((?!#)", drawn) == []


def test_no_picture_is_left_of_a_diagram_that_is_gone() -> None:
    assert set(IMAGES.glob("diagram-*.svg")) == {picture_of(path.name) for path in DRAWN}


def test_a_diagram_without_its_picture_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="architecture.md"))
    with caplog.at_level(logging.WARNING):
        shown = on_page_markdown("before\n\n```mermaid\nflowchart TB\n```\n\nafter", page=page)
    assert "diagram_picture" in caplog.text
    assert "mermaid" not in shown.partition("<svg")[0]
    assert shown.startswith("before")
    assert shown.endswith("after")
