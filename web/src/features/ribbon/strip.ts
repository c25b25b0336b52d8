import { REGIME_VALUES, type Regime } from "../../synapse/generated";

/** How much of the strip a regime fills, so that its height tells it as well as its colour. */
export const HEIGHTS: Readonly<Record<Regime, number>> = {
  CRASH: 1,
  BULL: 0.85,
  SIDEWAYS: 0.55,
  BEAR: 0.3,
};

/** The strip as one path a regime, in units of the columns' pixels. */
export function stripPaths(
  columns: readonly (Regime | null)[],
  height: number,
): Readonly<Record<Regime, string>> {
  const parts = Object.fromEntries(REGIME_VALUES.map((regime) => [regime, [] as string[]]));
  let begun = 0;
  for (let x = 1; x <= columns.length; x += 1) {
    const regime = columns[begun] ?? null;
    if (x < columns.length && columns[x] === regime) continue;
    if (regime) parts[regime]?.push(bar(begun, x - begun, height, HEIGHTS[regime]));
    begun = x;
  }
  const joined = Object.entries(parts).map(([regime, bars]) => [regime, bars.join("")]);
  return Object.fromEntries(joined) as Record<Regime, string>;
}

function bar(left: number, width: number, height: number, share: number): string {
  const tall = Math.round(height * share);
  return `M${left} ${height}v${-tall}h${width}v${tall}z`;
}
