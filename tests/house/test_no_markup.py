"""The dashboard never makes markup or code of a text, and its page holds nothing inline and nobody's address."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

from app.api.headers import CONTENT_SECURITY_POLICY
from tests.built import STATIC, require_build
from tests.house.tree import ROOT

WEB: Final = ROOT / "web"
MARKUP: Final = re.compile(
    r"dangerouslySetInnerHTML|\b(?:inner|outer)HTML\b|insertAdjacentHTML|document\s*\.\s*write(?:ln)?\b"
    r"|\beval\s*\(|new\s+Function\b|createContextualFragment|setHTML(?:Unsafe)?\b|DOMParser|\bsrcdoc\b"
    r"|set(?:Timeout|Interval)\s*\(\s*[\"'`]|javascript:|createElement\(\s*[\"'](?:script|style|iframe)"
    r"|setAttribute\(\s*[\"'](?:style|on)",
    re.IGNORECASE,
)
INLINE: Final = {"script", "style"}


class Page(HTMLParser):
    """What a page holds inside of it, and what it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.policy: dict[str, str] = {}
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"<{tag} {name}>")
            if re.match(r"\s*(?:https?:|javascript:|//)", value or "", re.IGNORECASE):
                self.faults.append(f"<{tag} {name}={value}>")
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            rules = (one.strip().partition(" ") for one in (given["content"] or "").split(";"))
            self.policy = {name: value for name, _, value in rules}

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag in INLINE and data.strip():
            self.faults.append(f"<{self._tag}> holds {data.strip()[:40]!r}")


def markup(folder: Path) -> list[str]:
    """Where the sources make markup or code of a text."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".ts", ".tsx"}:
            text = path.read_text(encoding="utf-8")
            found += [f"{path.name}: {match[0]}" for match in MARKUP.finditer(text)]
    return found


def test_no_source_makes_markup_or_code_of_a_text() -> None:
    assert markup(WEB / "src") == []


def test_the_page_as_it_is_written_holds_nothing_inline_and_no_address() -> None:
    assert Page((WEB / "index.html").read_text(encoding="utf-8")).faults == []


@pytest.mark.browser  # as all that needs the build
def test_the_page_as_it_is_built_holds_nothing_inline_and_the_servers_own_policy() -> None:
    require_build()
    page = Page((STATIC / "index.html").read_text(encoding="utf-8"))
    assert page.faults == []
    # A meta element cannot say who may frame the page.
    own = {name: rule for name, rule in CONTENT_SECURITY_POLICY.items() if name[:5] != "frame"}
    assert page.policy == own


@pytest.mark.parametrize(
    "planted",
    [
        "<script>go()</script>",
        "<style>p {}</style>",
        "<p style='color: red'>",
        "<p onclick='go()'>",
        "<a href='https://elsewhere.test/'>",
        "<img src='//elsewhere.test/x.png'>",
        "<a href=' JavaScript:go()'>",
    ],
)
def test_planted_inline_things_are_found(planted: str) -> None:
    assert len(Page(planted).faults) == 1


@pytest.mark.parametrize(
    "planted",
    [
        "<p dangerouslySetInnerHTML={{ __html: x }} />",
        "box.innerHTML = x",
        "box.insertAdjacentHTML('beforeend', x)",
        "document.write(x)",
        "eval(x)",
        "setTimeout('go()', 1)",
        "new Function(x)",
        "document.createElement('script')",
        "box.setAttribute('style', x)",
    ],
)
def test_planted_markup_is_found(tmp_path: Path, planted: str) -> None:
    (tmp_path / "a.tsx").write_text(planted)
    (tmp_path / "b.ts").write_text("evaluate(x); setTimeout(go, 1); const inner = 1;")
    assert [line.partition(":")[0] for line in markup(tmp_path)] == ["a.tsx"]
