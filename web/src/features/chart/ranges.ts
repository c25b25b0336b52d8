import type { Bar } from "../../synapse/bars";
import type { Span } from "../../synapse/hooks";
import { DAY_S } from "../../synapse/span";

export const RANGES = { all: "All", five: "5Y", year: "1Y", quarter: "3M", recent: "Recent" } as const;
export type Range = keyof typeof RANGES;

export const RECENT_BARS = 150;
const MONTHS: Readonly<Record<"five" | "year" | "quarter", number>> = { five: 60, year: 12, quarter: 3 };

/** The stretch of a range that ends with the newest bar; null: as many bars as there are, or `RECENT_BARS`. */
export function spanOf(range: Range, newest: number): Span | null {
  if (range === "all" || range === "recent") return null;
  const from = new Date(newest * 1000);
  from.setUTCMonth(from.getUTCMonth() - MONTHS[range]);
  return { from: from.getTime() / 1000, to: newest };
}

const MONTH_S_MAX = 31 * DAY_S;

/** So many seconds at most; null: it has no length. */
export function lengthOf(range: Range): number | null {
  return range === "all" || range === "recent" ? null : MONTHS[range] * MONTH_S_MAX;
}

/** The ranges that are shorter than what is known; all there is, and the recent bars, always are. */
export function offered(known: Span | null): Range[] {
  const names = Object.keys(RANGES) as Range[];
  return names.filter((range) => {
    const span = known && spanOf(range, known.to);
    return range === "all" || range === "recent" || (span && known && span.from > known.from);
  });
}

/** From the first to the last of some bars; null without bars. */
export function extent(bars: readonly Bar[]): Span | null {
  const first = bars[0];
  const last = bars.at(-1);
  return first && last ? { from: first.time, to: last.time } : null;
}

/** A stretch that holds both. */
export function union(a: Span | null, b: Span | null): Span | null {
  return a && b ? { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) } : (a ?? b);
}
