import type { Bar } from "../../synapse/bars";
import type { Regime } from "../../synapse/generated";

/** A run of bars of one regime: from its first bar to its last, by their times. */
export interface Band {
  readonly regime: Regime;
  readonly first: number;
  readonly last: number;
}

/** The bands of a chart, snapped to its bars; bars without a regime have none. */
export function regimeBands(bars: readonly Bar[]): Band[] {
  const bands: Band[] = [];
  let before: Regime | null = null;
  for (const { regime, time } of bars) {
    const open = bands.at(-1);
    if (regime && regime === before && open) bands[bands.length - 1] = { ...open, last: time };
    else if (regime) bands.push({ regime, first: time, last: time });
    before = regime;
  }
  return bands;
}

const DAY_S = 86_400;

/** How exact times must be shown: the usual distance of two bars tells. */
export function timeDetail(bars: readonly Bar[]): "day" | "minute" | "second" {
  const gaps = bars.slice(1, 200).map((bar, index) => bar.time - (bars[index]?.time ?? 0));
  const usual = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? DAY_S;
  if (usual >= DAY_S / 2) return "day";
  return usual >= 60 ? "minute" : "second";
}
