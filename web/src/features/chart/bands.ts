import type { Bar } from "../../synapse/bars";
import type { Episode } from "../../synapse/episodes";
import type { Regime } from "../../synapse/generated";
import { barFrom, wholeSeconds } from "./search";

/** A run of bars of one regime: from its first bar to its last, as places in the chart's bars. */
export interface Band {
  readonly regime: Regime;
  readonly first: number;
  readonly last: number;
}

/** The bands of a chart, snapped to its bars; bars without a regime have none. */
export function regimeBands(bars: readonly Bar[]): Band[] {
  const bands: Band[] = [];
  let first = 0;
  for (let index = 1; index <= bars.length; index += 1) {
    const regime = bars[first]?.regime ?? null;
    if (index === bars.length || bars[index]?.regime !== regime) {
      if (regime) bands.push({ regime, first, last: index - 1 });
      first = index;
    }
  }
  return bands;
}

/** An episode so short that no bar is left of it where bars were merged; it began just before bar `at`. */
export interface Sliver {
  readonly regime: Regime;
  readonly at: number;
}

/** What thinned-out bars hide: a crash of two days between two bars must not vanish. */
export function slivers(bars: readonly Bar[], episodes: readonly Episode[], until: number): Sliver[] {
  const found: Sliver[] = [];
  const head = bars[0]?.time ?? Infinity;
  for (const { end, position, regime, start } of episodes) {
    if (end === null || position > until) continue;
    const ended = wholeSeconds(end);
    const at = barFrom(bars, wholeSeconds(start));
    if (ended > head && at < bars.length && barFrom(bars, ended) === at) found.push({ regime, at });
  }
  return found;
}
