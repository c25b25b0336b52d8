"""Relative links and anchors of every page lead somewhere in the repository, too."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT, pages

BESIDE: Final = ("SECURITY.md", "CHANGELOG.md")
PAGES: Final = [
    path.relative_to(ROOT).as_posix() for path in (*pages(), *(ROOT / each for each in BESIDE))
]
LINK: Final = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
FENCED: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
IN_LINE: Final = re.compile(r"`[^`\n]*`")
HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
NO_LETTER: Final = re.compile(r"[^\w\- ]")


def anchors(text: str) -> set[str]:
    """The anchors that the repository's pages give their headings."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCED.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = NO_LETTER.sub("", plain.strip()).replace(" ", "-")
        number = 0
        while (f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(f"{slug}-{number}" if number else slug)
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """The links of a page that lead to no file, or to no heading of one."""
    found = []
    for link in LINK.finditer(IN_LINE.sub("``", FENCED.sub("", text))):
        place, _, anchor = link["target"].partition("#")
        if "://" in link["target"] or link["target"].startswith("mailto:"):
            continue
        target = page.parent / place if place else page
        is_page = target.suffix == ".md" and target.is_file()
        told = text if target == page else target.read_text("utf-8") if is_page else ""
        if (target != page and not target.exists()) or (anchor and anchor not in anchors(told)):
            found.append(link["target"])
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_the_page_leads_somewhere(page: str) -> None:
    path = ROOT / page
    assert broken_links(path, path.read_text(encoding="utf-8")) == []


def test_planted_links_to_nowhere_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A `word`, and more\n")
    text = "# Top\n\n[a](#top) [b](#gone) [c](other.md#a-word-and-more) [d](other.md#x) [e](no.md) `[f](no)`\n"
    assert broken_links(tmp_path / "page.md", text) == ["#gone", "other.md#x", "no.md"]
