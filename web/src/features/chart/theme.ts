import { REGIME_VALUES, type Regime } from "../../synapse/generated";

/** The page's colours, read from its style sheet: the chart is a canvas and cannot see them. */
export interface ChartTheme {
  readonly text: string;
  readonly muted: string;
  readonly edge: string;
  readonly line: string;
  readonly font: string;
  readonly bandOpacity: number;
  readonly regimes: Readonly<Record<Regime, string>>;
}

export function readTheme(element: Element): ChartTheme {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const regimes = Object.fromEntries(
    REGIME_VALUES.map((regime) => [regime, read(regime.toLowerCase())]),
  );
  return {
    text: read("text"),
    muted: read("muted"),
    edge: read("edge"),
    line: read("line"),
    font: style.fontFamily,
    bandOpacity: Number(read("band")),
    regimes: regimes as Record<Regime, string>,
  };
}

/** Tells when the system changes between dark and light. */
export function onSchemeChange(listener: () => void): () => void {
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}
