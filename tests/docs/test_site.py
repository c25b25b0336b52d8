"""The docs site builds strictly, asks nobody else for anything, and its links lead somewhere."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urldefrag

import pytest

from dev_docs import docs_env, mkdocs
from tests.docs.pages import ROOT

BUILD_S_MAX: Final = 90
ELSEWHERE: Final = re.compile(r"(?:https?:)?//")
LOADED: Final = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
URL_IN_CSS: Final = re.compile(r"""url\(["']?(?!data:)([^)"']+)|@import\s+["']([^"']+)""")


class Seen(HTMLParser):
    """What one page of the site loads, where it links to, and which anchors it has."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if name := given.get("id"):
            self.anchors.add(name)
        if loaded := given.get(LOADED.get(tag, "")):
            self.loads.append(loaded)
        if tag == "a" and (link := given.get("href")):
            self.links.append(link)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("mkdocs") is None:
        reason = "requirements/docs.lock is not installed; `python3 dev.py test` installs it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("site")
    command = mkdocs("build", "--site-dir", str(folder), python=sys.executable)
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=docs_env(),
        capture_output=True,
        text=True,
        timeout=BUILD_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def seen(site: Path) -> dict[Path, Seen]:
    """Every page of the site, but that for what is not found: its links begin at the root."""
    found: dict[Path, Seen] = {}
    for path in sorted(site.rglob("*.html")):
        if path.name != "404.html":
            found[path] = Seen()
            found[path].feed(path.read_text(encoding="utf-8"))
    return found


def test_every_page_of_the_docs_is_there(seen: dict[Path, Seen], site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    built = {path.relative_to(site).with_suffix(".md") for path in seen}
    assert pages - built == set()


def test_the_reader_s_browser_asks_nobody_else(seen: dict[Path, Seen], site: Path) -> None:
    loads = {load for page in seen.values() for load in page.loads}
    assert {load for load in loads if ELSEWHERE.match(load)} == set()
    styles = [
        found for path in site.rglob("*.css") for found in URL_IN_CSS.findall(path.read_text())
    ]
    assert [found for found in styles if ELSEWHERE.match("".join(found))] == []
    # The theme would load the script that draws it from its maker's network.
    assert [path.name for path in seen if 'class="mermaid"' in path.read_text()] == []


def test_every_link_of_the_site_leads_to_a_file_and_an_anchor(seen: dict[Path, Seen]) -> None:
    assert list(broken(seen)) == []


def broken(seen: dict[Path, Seen]) -> Iterator[str]:
    """The links and loads that lead nowhere."""
    for path, page in seen.items():
        for link in (*page.links, *page.loads):
            if ELSEWHERE.match(link) or link.startswith("mailto:"):
                continue
            place, anchor = urldefrag(unquote(link))
            target = (path.parent / place).resolve() if place else path
            if target.is_dir():
                target = target / "index.html"
            if not target.is_file():
                yield f"{path.name}: {link}: no such file"
            elif anchor and target in seen and anchor not in seen[target].anchors:
                yield f"{path.name}: {link}: no such anchor"


def test_planted_links_to_nowhere_are_found(tmp_path: Path) -> None:
    page, path = Seen(), tmp_path / "page.html"
    path.touch()
    page.feed('<p id="here"><a href="#here"><a href="#there"><a href="gone.html"><img src="x.png">')
    said = list(broken({path: page}))
    assert [one.rsplit(": ", 1)[1] for one in said] == [
        "no such anchor",
        "no such file",
        "no such file",
    ]


def test_the_search_finds_what_is_only_in_one_page(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    assert "SYNAPSE_TRUSTED_PROXIES" in index
