import type { Look } from "./marks";
import { TONES } from "./shapes";

/** The page's colours, read from its style sheet: the chart is a canvas and cannot see them. */
export interface ChartTheme {
  readonly page: string;
  readonly card: string;
  readonly text: string;
  readonly muted: string;
  readonly edge: string;
  readonly line: string;
  readonly stale: string;
  readonly up: string;
  readonly down: string;
  readonly font: string;
  readonly bandOpacity: number;
  readonly tones: Readonly<Record<Look, string>>;
}

export function readTheme(element: Element): ChartTheme {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const tones = Object.fromEntries(Object.entries(TONES).map(([look, name]) => [look, read(name)]));
  return {
    page: read("--page"),
    card: read("--card"),
    text: read("--text"),
    muted: read("--muted"),
    edge: read("--edge"),
    line: read("--line"),
    stale: read("--stale"),
    // A bull's colour is the colour of rising, whichever convention was chosen.
    up: read("--up") || read("--bull"),
    down: read("--down") || read("--bear"),
    font: style.fontFamily,
    bandOpacity: Number(read("--band")),
    tones: tones as Record<Look, string>,
  };
}

const ATTRIBUTES = ["data-theme", "data-colours"];
const QUERIES = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];

/** Tells when the colours may be others: the system changed, or the reader chose. */
export function onThemeChange(listener: () => void): () => void {
  const queries = QUERIES.map((query) => window.matchMedia(query));
  for (const query of queries) query.addEventListener("change", listener);
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ATTRIBUTES });
  return () => {
    observer.disconnect();
    for (const query of queries) query.removeEventListener("change", listener);
  };
}
