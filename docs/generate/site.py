"""MkDocs' hook: what the repository's pages need to be a site.

Links in them are those of the repository, where they work as well. On the site a link to a page stays one,
and a link to a file beside the docs becomes the file's path: the site has no sources to show. A link to a
file that is not there is a warning, which the strict build takes for a fault.
"""

import logging
import posixpath
import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[2]

BESIDE: Final = {"SECURITY.md": "security.md", "CHANGELOG.md": "changelog.md"}
"""Pages that lie in the repository's root, and their names on the site."""

FRONT: Final = {"README.md": "index.md"}
"""What has another face on the site."""

MARK: Final = ("web/public/favicon.svg", "theme/mark.svg")
"""The dashboard's mark is the site's too."""

LINK: Final = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
FENCED: Final = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_log = logging.getLogger("mkdocs.hooks.site")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages and pictures that do not lie in docs."""
    for source, place in (*BESIDE.items(), MARK):
        files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make the links of one page the site's. Blocks of code stay as they are."""
    del config
    place = page.file.src_uri
    beside = {on_site: source for source, on_site in BESIDE.items()}
    source = beside.get(place, f"docs/{place}")
    parts = FENCED.split(markdown)
    # What was split at is at the odd places.
    parts[::2] = [
        LINK.sub(lambda link: _linked(link, source, place, files), part) for part in parts[::2]
    ]
    return "".join(parts)


def _linked(link: re.Match[str], source: str, place: str, files: Files) -> str:
    """One link of the page that is `source` in the repository and `place` on the site."""
    target, hash_, anchor = link["target"].partition("#")
    if not target or "://" in target or target.startswith("mailto:"):
        return link[0]
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    if not (ROOT / wanted).exists():
        _log.warning("%s links to %s, and there is no such file", source, link["target"])
        return link[0]
    on_site = BESIDE.get(wanted) or FRONT.get(wanted) or wanted.removeprefix("docs/")
    shown = files.get_file_from_path(on_site)
    if shown is None or shown.inclusion is InclusionLevel.EXCLUDED:
        return _path(link["text"], wanted)
    relative = posixpath.relpath(on_site, posixpath.dirname(place) or ".")
    return f"[{link['text']}]({relative}{hash_}{anchor})"


def _path(text: str, path: str) -> str:
    return f"`{path}`" if text.strip("`/") == path.rstrip("/") else f"{text} (`{path}`)"
