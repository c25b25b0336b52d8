"""The dashboard stays light: budgets for what a first visit loads, compressed, in bytes."""

import gzip
import re
from pathlib import Path

import pytest

from tests.built import STATIC, require_build

# Only with a fresh build, as the tests in a browser: --quick makes none.
pytestmark = pytest.mark.browser

FIRST_LOAD_MAX = 90_000
WITH_CHART_MAX = 150_000
CHART = "PriceChart"
"""The chunk that draws: loaded on its own, when the page stands."""

FROM_PAGE = re.compile(r'(?:src|href)="\./(assets/[^"]+)"')
STATIC_IMPORT = re.compile(r'(?:\bfrom|\bimport)\s*"\./([^"]+\.js)"')


def first_load(static: Path) -> set[Path]:
    """The page, what it names, and what those scripts import before they run."""
    page = static / "index.html"
    named = {static / name for name in FROM_PAGE.findall(page.read_text(encoding="utf-8"))}
    return {page} | named.union(*(imported(path) for path in named))


def imported(script: Path) -> set[Path]:
    """A script and all that it imports statically, near and far."""
    found, left = set[Path](), [script]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            names = STATIC_IMPORT.findall(path.read_text("utf-8")) if path.suffix == ".js" else []
            left += [path.parent / name for name in names]
    return found


def with_chart(static: Path) -> set[Path]:
    """The first load, and the chart with its styles."""
    chunks = [*static.glob(f"assets/{CHART}-*.js"), *static.glob(f"assets/{CHART}-*.css")]
    assert chunks, f"no chunk is called {CHART}: the chart is no longer loaded on its own"
    return first_load(static).union(*(imported(chunk) for chunk in chunks))


def packed(paths: set[Path]) -> int:
    """The bytes of some files as they travel, each compressed on its own."""
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def test_the_first_load_and_the_chart_are_within_their_budgets() -> None:
    require_build()
    assert packed(first_load(STATIC)) <= FIRST_LOAD_MAX
    assert packed(with_chart(STATIC)) <= WITH_CHART_MAX


def test_what_is_imported_at_once_counts_and_what_is_loaded_later_does_not(tmp_path: Path) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text(
        '<script src="./assets/a.js"></script><link href="./assets/a.css">'
    )
    (assets / "a.css").touch()
    (assets / "a.js").write_text('import{x}from"./b.js";import("./PriceChart-1.js")')
    (assets / "b.js").write_text('import"./c.js";')
    (assets / "c.js").write_text('export{x}from"./b.js"')
    (assets / "PriceChart-1.js").write_text('import"./d.js";import{x}from"./c.js"')
    (assets / "d.js").touch()
    names = {path.name for path in first_load(tmp_path)}
    assert names == {"index.html", "a.css", "a.js", "b.js", "c.js"}
    assert {path.name for path in with_chart(tmp_path)} - names == {"PriceChart-1.js", "d.js"}
