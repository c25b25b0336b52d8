/** What a feature is called, and in what it counts: `moves` in the symbol's usual volatility. */
export interface Meaning {
  readonly name: string;
  readonly unit: "moves" | "share";
}

const moves = (name: string): Meaning => ({ name, unit: "moves" });

/** The anchored detector's features, as docs/detector.md defines them. */
const KNOWN: ReadonlyMap<string, Meaning> = new Map([
  ["trend", moves("Versus 200-bar average")],
  ["t50", moves("Versus 50-bar average")],
  ["dv", moves("Downside versus usual")],
  ["m126", moves("Change over 126 bars")],
  ["high21", moves("Versus 21-bar high")],
  ["low42", moves("Versus 42-bar low")],
  ["vol", { name: "Usual volatility, a year", unit: "share" }],
]);

export const meaningOf = (feature: string): Meaning | undefined => KNOWN.get(feature);

/** A feature in words; one that is not known keeps its own name. */
export const featureName = (feature: string): string => KNOWN.get(feature)?.name ?? feature;
