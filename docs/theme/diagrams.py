"""MkDocs' hook: a Mermaid block of a page is shown as the picture that was drawn of it before.

The theme would fetch the script that draws it from its maker's network, each time a page is read. So the picture is in
git, with the hash of the text that it shows; a picture of another text is a warning, which the strict build takes for
a fault. `python -m tests.e2e.diagram_picture` draws it again.
"""

from __future__ import annotations

import hashlib
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # The pictures can be drawn, and tested, where what builds the site is not installed.
    from mkdocs.structure.pages import Page

IMAGES: Final = Path(__file__).resolve().parents[1] / "images"
BLOCK: Final = re.compile(r"^```mermaid\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_log = logging.getLogger("mkdocs.hooks.diagrams")


def picture_of(page: str) -> Path:
    """Where the picture of the one diagram on a page is, named by the page."""
    return IMAGES / f"diagram-{Path(page).stem}.svg"


def stamp_of(text: str) -> str:
    """What a picture of this text says of it."""
    return f'data-of="{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Put the pictures of a page into it: as elements, so that they take the colours that the reader chose."""
    return BLOCK.sub(lambda block: _shown(block["text"], page.file.src_uri), markdown)


def _shown(text: str, page: str) -> str:
    picture = picture_of(page)
    drawn = picture.read_text(encoding="utf-8") if picture.exists() else ""
    if stamp_of(text) not in drawn:
        _log.warning("%s has no picture of its diagram: python -m tests.e2e.diagram_picture", page)
    return f'<div class="diagram" role="group" aria-label="Diagram" tabindex="0">{drawn.strip()}</div>\n'
