"""Gives a page the emoji that a bare machine has no font for."""

import base64
import re
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.chromium import WEB

FONT = WEB / "node_modules" / "@infolektuell" / "noto-color-emoji"


def _embedded(folder: Path = FONT) -> str:
    def inline(match: re.Match[str]) -> str:
        content = base64.b64encode((folder / match[1]).read_bytes()).decode()
        return f"url(data:font/woff2;base64,{content})"

    sheet = (folder / "index.css").read_text(encoding="utf-8")
    return re.sub(r"url\(([^)]+)\)", inline, sheet)


def add_emoji(page: Page) -> None:
    """Add the font to the page; its context must have been made with `bypass_csp`."""
    page.add_style_tag(content=_embedded())
    page.evaluate("document.fonts.ready")
