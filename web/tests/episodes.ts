import type { Episode } from "../src/synapse/episodes";
import type { Regime } from "../src/synapse/generated";

/** A regime from a moment on, in seconds since 1970. */
export interface Cut {
  readonly regime: Regime;
  readonly at: number;
  readonly bars?: number;
  readonly fall?: number;
}

const iso = (at: number): string => new Date(at * 1000).toISOString();

/** Episodes that follow one another; the last one still lasts. */
export function episodesOf(cuts: readonly Cut[], symbol = "SPX"): Episode[] {
  return cuts.map(({ at, bars, fall, regime }, index) => {
    const next = cuts[index + 1];
    return {
      symbol,
      regime,
      previous_regime: cuts[index - 1]?.regime ?? null,
      position: 10 * (index + 1),
      start: iso(at),
      end: next ? iso(next.at) : null,
      start_price: null,
      end_price: null,
      bars: bars ?? (next ? Math.max(1, Math.round((next.at - at) / 86_400)) : 1),
      return: null,
      maximum_drawdown: fall ?? null,
      mean_confidence: 0.8,
      source: "import",
    };
  });
}
