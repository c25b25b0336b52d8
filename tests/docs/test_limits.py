"""What the pages' tables say a limit is, is what it is in the code; docs/reference/limits.md has them all."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import pytest

from docs.generate.limits_page import Limit, limits, shown
from tests.docs.pages import ROOT

PAGES: Final = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
NAME: Final = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")
PATH: Final = re.compile(r"`((?:app|events)/[\w/]+)(?:\.py)?`")
LENGTHS_S: Final = {31_536_000: "year", 86_400: "day", 3_600: "hour", 60: "minute", 1: "second"}
WORDS: Final = {0.25: "a quarter", 0.5: "half", 1: "one", 2: "two", 3: "three"}


def renderings(limit: Limit) -> set[str]:
    """How people may write it."""
    value = limit.value if isinstance(limit.value, int | float | Decimal) else None
    seconds = limit.value.total_seconds() if value is None else float(value)  # type: ignore[union-attr]
    found = {shown(limit), shown(limit).removesuffix(" s")}
    if value is not None:
        found |= {f"{value:,}".removesuffix(".0"), f"{float(value) * 100:g} %"}
        found |= {
            f"{float(value) / 1024**2:g} MiB",
            f"{float(value) / 10**6:g} MB",
            f"{float(value) * 1000:g} ms",
        }
        found |= {f"10^{len(str(int(value))) - 1}"} if str(int(value)).strip("0") == "1" else set()
        found |= {WORDS[float(value)]} if float(value) in WORDS else set()
        found |= {f"2^{int(value).bit_length() - 1}"} if int(value).bit_count() == 1 else set()
    for length, word in LENGTHS_S.items():
        if seconds % length == 0:
            many = int(seconds // length)
            found |= {f"{many:,} {word}{'' if many == 1 else 's'}"}
    return found


def rows(page: str) -> Iterator[tuple[str, list[list[Limit]]]]:
    """The rows of a page's tables that name limits: for each name those that it may mean.

    It means that of the file that was named last before it. The dashboard's own are in another language.
    """
    known, heads = limits(), ""
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
        heads = heads if line.startswith("|") else ""
        heads = heads or line
        if not heads.startswith("| limit |") or "`web/" in line:
            continue
        place, meant = "", list[list[Limit]]()
        for found in re.finditer(f"{PATH.pattern}|{NAME.pattern}", line):
            place = found[1] or place
            if found[2]:
                fitting = [one for one in known if one.name == found[2]]
                near = [one for one in fitting if one.path.startswith(place)] if place else fitting
                meant += [near] if near else []
        if meant:
            yield line, meant


def is_written(written: str, line: str) -> bool:
    return re.search(rf"(?<![\d,.]){re.escape(written)}(?!\d|[,.]\d)", line) is not None


@pytest.mark.parametrize("page", PAGES)
def test_a_limit_is_what_its_row_says(page: str) -> None:
    wrong = [
        f"{ways[0].path} {ways[0].name} is {shown(ways[0])}: {line}"
        for line, meant in rows(page)
        for ways in meant
        if not any(is_written(each, line) for one in ways for each in renderings(one))
    ]
    assert wrong == []


def test_many_rows_are_held() -> None:
    assert len(list(rows("limits.md"))) > 25


def test_a_row_that_is_wrong_is_found() -> None:
    limit = Limit("app/x.py", "BODY_BYTES_MAX", 8 * 1024**2, "")
    assert not any(is_written(each, "| a body | 18 MiB | `x` |") for each in renderings(limit))
    assert any(is_written(each, "| a body | 8 MiB | `x` |") for each in renderings(limit))
