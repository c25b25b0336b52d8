"""What a page looks like to those who measure: axe's findings, and contrasts of the rendered colours."""

from typing import Any, Final

from playwright.sync_api import Locator, Page

from tests.e2e.chromium import WEB

PHONE: Final = {"width": 390, "height": 844}
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "dark": {"color_scheme": "dark"},
    "light": {"color_scheme": "light"},
    "phone": {"color_scheme": "dark", "viewport": PHONE, "has_touch": True, "is_mobile": True},
    "light phone": {"color_scheme": "light", "viewport": PHONE},
    "reduced motion": {"color_scheme": "dark", "reduced_motion": "reduce"},
    "forced colours": {"forced_colors": "active"},
}
"""Options of a window, by name."""

AXE: Final = WEB / "node_modules" / "axe-core" / "axe.min.js"
AXE_RUN: Final = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
    `${id} at ${target.join(" ")}: ${failureSummary}`));
}"""

# Each text with its own element: its colour and what lies below it, both painted on a canvas, which reads any notation.
CONTRASTS: Final = """(root) => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    canvas.reset();
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const ground = (element) => {
    const found = [];
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      found.unshift(colour);
      if (paint([colour])[3] === 255) break;
    }
    return found;
  };
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !element.checkVisibility()) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const below = ground(element);
    const size = parseFloat(fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
    found.push({ text, large, ratio: ratio(paint([...below, color]), paint(below)) });
  }
  return found;
}"""

NORMAL_MIN, LARGE_MIN = 4.5, 3.0
"""WCAG 2.2 AA; large is from 24 px on, bold from 18.66 px on."""


def axe_violations(page: Page) -> list[str]:
    """What axe finds on the page as it is now, one line for each place.

    The script comes over the browser's own protocol: a script tag would break the page's policy.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(AXE_RUN)
    return found


def too_faint(part: Locator) -> list[str]:
    """The texts of a part of the page whose contrast is below WCAG AA."""
    texts: list[dict[str, Any]] = part.evaluate(CONTRASTS)
    assert texts
    return [
        f"{one['text']}: {one['ratio']:.2f}"
        for one in texts
        if one["ratio"] < (LARGE_MIN if one["large"] else NORMAL_MIN)
    ]
