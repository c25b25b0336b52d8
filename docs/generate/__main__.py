"""`python -m docs.generate [--check]`: writes docs/reference out of the code."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from docs.generate.cli_page import cli_page
from docs.generate.code_tree import ROOT
from docs.generate.errors_page import errors_page
from docs.generate.http_page import http_page
from docs.generate.limits_page import limits_page
from docs.generate.messages_page import messages_page
from docs.generate.metrics_page import metrics_page
from docs.generate.settings_page import settings_page

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "cli": cli_page,
    "settings": settings_page,
    "http": http_page,
    "messages": messages_page,
    "errors": errors_page,
    "limits": limits_page,
    "metrics": metrics_page,
}


def target(name: str) -> Path:
    """Where a page is."""
    return ROOT / "docs" / "reference" / f"{name}.md"


def stale() -> list[str]:
    """The pages that differ from what would be written now."""
    return [
        name
        for name, made in PAGES.items()
        if not target(name).is_file() or target(name).read_text(encoding="utf-8") != made()
    ]


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` only look at them.

    Returns:
        0 fine, 1 a page is stale, 2 wrong use.
    """
    if arguments and list(arguments) != ["--check"]:
        sys.stderr.write("usage: python -m docs.generate [--check]\n")
        return 2
    if arguments:
        names = stale()
        for name in names:
            sys.stderr.write(f"docs/reference/{name}.md is stale: run python -m docs.generate\n")
        return 1 if names else 0
    for name, made in PAGES.items():
        target(name).parent.mkdir(parents=True, exist_ok=True)
        target(name).write_text(made(), encoding="utf-8", newline="\n")
    sys.stdout.write(f"wrote docs/reference: {', '.join(PAGES)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
