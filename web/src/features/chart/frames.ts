import type { Bar } from "../../synapse/bars";
import { BAR_POINTS } from "../../synapse/api";
import type { Span } from "../../synapse/hooks";
import { RECENT_BARS, type Range, spanOf } from "./ranges";
import { barFrom, placeAt, timeAt } from "./search";

/** So many bars may have been merged, of fewer none: merging leaves more than half of the points. */
export const MERGED_BARS_MIN = BAR_POINTS / 2;
const ROOM_RIGHT = 0.02;

/** From where to where the chart's time scale goes, in places of bars. */
export interface Logical {
  readonly from: number;
  readonly to: number;
}

/** The times of the bars in a frame that is whole bars wide. */
export function spanIn(bars: readonly Bar[], { from, to }: Logical): Span {
  const first = from + 0.5;
  const last = Math.max(first, to - 0.5);
  return { from: Math.round(timeAt(bars, first)), to: Math.round(timeAt(bars, last)) };
}

/** The frame of a stretch: the inverse of `spanIn`. */
export function frameOf(bars: readonly Bar[], { from, to }: Span): Logical {
  return { from: placeAt(bars, from) - 0.5, to: placeAt(bars, to) + 0.5 };
}

/** The frame that ends with the newest bar, with a little room; `length` in seconds goes before the range. */
export function frameUpToNewest(
  bars: readonly Bar[],
  range: Range,
  length: number | null,
  recent: number,
): Logical {
  const newest = bars.at(-1)?.time ?? 0;
  let first = barFrom(bars, spanOf(range, newest)?.from ?? 0);
  if (length !== null) first = barFrom(bars, newest - length);
  else if (range === "recent") first = Math.max(0, bars.length - recent);
  return { from: first - 0.5, to: bars.length - 0.5 + (bars.length - first) * ROOM_RIGHT };
}

/** As many of these bars as the recent ones were before they were merged; `whole`: how many all of these were. */
export function recentCount(bars: readonly Bar[], whole: number): number {
  if (bars.length < MERGED_BARS_MIN) return RECENT_BARS;
  return Math.ceil((RECENT_BARS * bars.length) / Math.max(bars.length, whole));
}
