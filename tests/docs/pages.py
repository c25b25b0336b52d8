"""The fenced blocks of the documentation, and what the comments before them ask for.

A comment on the line before a block, invisible to a reader:

    <!-- not run: REASON -->   it cannot run here
    <!-- continues -->         this Python goes on where the block before it ended
    <!-- output -->            this text is what the block before it prints; `…` stands for anything
    <!-- exits 2 -->           its last command ends with that exit code
    <!-- file NAME -->         it is saved as NAME, where the blocks after it find it, and not run by itself
    <!-- keeps running -->     its server runs on beside the blocks after it, and is the one that they mean
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FENCE: Final = re.compile(r"^```(.*)$")
COMMENT: Final = re.compile(r"^<!-- (.+) -->$")
REASON: Final = "not run: "
EXITS: Final = re.compile(r"^exits (\d+)$")
FILE: Final = re.compile(r"^file ([\w./-]+)$")
KEPT: Final = "keeps running"
WORDS: Final = ("continues", "output", KEPT)
INDENTED: Final = re.compile(
    r"\n\n    (?:\$ )?(?:\S*synapse|synapse-check|curl|pip|python3?|npx|duckdb|sqlite3|import|from|SELECT) .+"
)


class BadPage(ValueError):
    """A page whose blocks cannot be told."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        page: the page's path in the repository.
        line: where it begins.
        language: what its fence names; a page's blocks all name one.
        text: what is in it.
        asked: the comment before it, if any.
    """

    page: str
    line: int
    language: str
    text: str
    asked: str | None

    @property
    def not_run(self) -> str | None:
        """Why it is not run; None where it is."""
        return (
            self.asked.removeprefix(REASON)
            if self.asked and self.asked.startswith(REASON)
            else None
        )

    @property
    def exit_code(self) -> int:
        """What its last command ends with."""
        found = EXITS.match(self.asked or "")
        return int(found[1]) if found else 0

    @property
    def file(self) -> str | None:
        """What it is saved as; None where it is run."""
        found = FILE.match(self.asked or "")
        return found[1] if found else None

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.language})"


def pages() -> list[Path]:
    """Every page that people read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(text: str, page: str = "page") -> list[Block]:
    """The blocks of a page, in order.

    Raises:
        BadPage: one is not closed, names no language, or a comment before one asks for what there is not.
    """
    found: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        begin, language = number, fence[1].strip()
        if not language:
            raise BadPage(f"{page}:{begin + 1}: the block names no language (`text` is one)")
        number += 1
        while number < len(lines) and lines[number] != "```":
            number += 1
        if number == len(lines):
            raise BadPage(f"{page}:{begin + 1}: the block has no end")
        body = "".join(f"{line}\n" for line in lines[begin + 1 : number])
        found.append(Block(page, begin + 1, language, body, _asked(lines, begin, page)))
        number += 1
    return found


def _asked(lines: list[str], begin: int, page: str) -> str | None:
    above = begin - 1
    while above >= 0 and not lines[above]:
        above -= 1
    comment = COMMENT.match(lines[above]) if above >= 0 else None
    if comment is None:
        return None
    asked = comment[1]
    known = (
        asked in WORDS
        or EXITS.match(asked)
        or FILE.match(asked)
        or len(asked) > len(REASON) < asked.find(" ", 5)
    )
    if not (known or asked.startswith(REASON)):
        raise BadPage(f"{page}:{above + 1}: nothing is known of <!-- {asked} -->")
    return asked


def hidden_commands(text: str) -> list[str]:
    """Commands in blocks that are only indented, where nothing runs them."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [found.strip() for found in INDENTED.findall(outside)]
