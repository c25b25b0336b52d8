import type { Episode } from "../synapse/episodes";
import { rhythmOf } from "../synapse/quiet";
import { DAY_S } from "../synapse/span";

/** How long a symbol's bars usually are, in seconds of market time; a day where nothing tells. */
export function usualBarS(episodes: readonly Episode[]): number {
  return rhythmOf(episodes).usualBarS || DAY_S;
}

/** Whether a symbol's bars are shorter than a day, so that its clock matters. */
export function isIntraday(episodes: readonly Episode[]): boolean {
  return usualBarS(episodes) < DAY_S / 2;
}
