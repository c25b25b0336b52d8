"""Tables and words in Markdown, for the pages that are made out of the code."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

MADE: Final = (
    "<!-- Made out of the code by `python -m docs.generate`: what is written here is lost. -->"
)
_SPACE: Final = re.compile(r"\s+")


def page(title: str, *parts: str) -> str:
    """A whole page: its title, who made it, and its parts with a blank line between any two."""
    return "\n\n".join([f"# {title}", MADE, *(part.strip("\n") for part in parts if part)]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would end a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: object) -> str:
    """A word as code."""
    return f"`{text}`"


def codes(words: Iterable[object]) -> str:
    """Words as code, separated by commas."""
    return ", ".join(code(word) for word in words)


def one_line(text: str | None) -> str:
    """A docstring or a help text in one line."""
    return _SPACE.sub(" ", text or "").strip()


def first_paragraph(text: str | None) -> str:
    """What a docstring says before its first blank line, in one line."""
    return one_line((text or "").strip().split("\n\n")[0])


def _cell(text: str) -> str:
    # A bare < would begin a tag; inside of code it is what it is.
    parts = one_line(text).replace("|", "\\|").split("`")
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)
