"""Draws the diagrams of the documentation: `python -m tests.e2e.diagram_picture mermaid.min.js`.

The script that draws is that of Mermaid; `npm pack mermaid@11.17.2` has it in `package/dist`. It is needed only here: the
pictures are in git, and take their colours from the site's style sheet.
"""

import re
import sys
from pathlib import Path
from typing import Final

from docs.theme.diagrams import BLOCK, picture_of, stamp_of
from tests.e2e.chromium import chromium

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
COLOURS: Final = """
.node rect, .node path { fill: var(--synapse-card); stroke: var(--md-accent-fg-color); }
.nodeLabel, .label text, text, tspan { fill: var(--md-default-fg-color); }
.flowchart-link { stroke: var(--md-default-fg-color--light); }
.marker { fill: var(--md-default-fg-color--light); stroke: var(--md-default-fg-color--light); }
.edgeLabel rect, .edgeLabel .background { fill: var(--md-default-bg-color); opacity: 1; }
.edgeLabel tspan { fill: var(--md-default-fg-color--light); }
"""
SETTINGS: Final = {
    "startOnLoad": False,
    "theme": "base",
    "themeCSS": COLOURS,
    "htmlLabels": False,
    "flowchart": {"htmlLabels": False, "useMaxWidth": True},
    "fontFamily": 'system-ui, "Open Sans", sans-serif',
    "fontSize": 15,
    "deterministicIds": True,
}
DRAW: Final = """async ([settings, text, name]) => {
  mermaid.initialize(settings);
  return (await mermaid.render(name, text)).svg;
}"""


def draw(script: Path) -> list[Path]:
    """Draw the diagram of every page that has one; returns the pictures."""
    drawn = []
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(path=script)
        for source in sorted(DOCS.rglob("*.md")):
            if found := BLOCK.search(source.read_text(encoding="utf-8")):
                picture, text = picture_of(source.name), found["text"]
                svg = str(page.evaluate(DRAW, [SETTINGS, text, picture.stem]))
                picture.write_text(stamped(svg, text), encoding="utf-8")
                drawn.append(picture)
    return drawn


def stamped(svg: str, text: str) -> str:
    """The picture with the mark of what it shows, on one line: an empty line would end it in Markdown."""
    return re.sub(r"\s+", " ", svg.replace("<svg ", f"<svg {stamp_of(text)} ", 1)).strip() + "\n"


if __name__ == "__main__":
    for path in draw(Path(sys.argv[1])):
        print(path)
