import type { Episode } from "./episodes";
import type { Speed } from "./machine";

/** How fast calm is hurried through. */
export const QUIET_EVENTS_PER_S = 1_500;
/** Calm ends so many bars before a shift, and begins so many after it. */
export const BARS_BEFORE = 30;
export const BARS_AFTER = 10;

/** When a symbol shifted, in seconds since 1970, rising, and how far apart its bars usually are. */
export interface Rhythm {
  readonly shifts: readonly number[];
  readonly usualBarS: number;
}

const secondsOf = (time: string): number => Date.parse(time) / 1000;

/** The rhythm that a symbol's episodes tell. */
export function rhythmOf(episodes: readonly Episode[]): Rhythm {
  const shifts = episodes
    .filter((one) => one.previous_regime !== null)
    .map((one) => secondsOf(one.start));
  const lengths = episodes.flatMap(({ start, end, bars }) =>
    end === null || bars < 1 ? [] : [(secondsOf(end) - secondsOf(start)) / bars],
  );
  const sorted = lengths.toSorted((a, b) => a - b);
  return {
    shifts: shifts.toSorted((a, b) => a - b),
    usualBarS: sorted[Math.floor(sorted.length / 2)] ?? 0,
  };
}

/** The speed at a moment: fast where the last shift and the next one are far, else the chosen one. */
export function quietSpeed(
  clockS: number,
  shifts: readonly number[],
  usualBarS: number,
  chosen: Speed,
): Speed {
  if (chosen === "max") return chosen;
  if (typeof chosen === "object" && chosen.events_per_s >= QUIET_EVENTS_PER_S) return chosen;
  const next = firstAfter(shifts, clockS);
  const last = shifts[next - 1] ?? -Infinity;
  const ahead = (shifts[next] ?? Infinity) - clockS;
  const calm = ahead > BARS_BEFORE * usualBarS && clockS - last > BARS_AFTER * usualBarS;
  return calm ? { events_per_s: QUIET_EVENTS_PER_S } : chosen;
}

export function sameSpeed(a: Speed, b: Speed): boolean {
  if (typeof a === "object" && typeof b === "object") return a.events_per_s === b.events_per_s;
  return a === b;
}

/** The place of the first that is later. */
function firstAfter(rising: readonly number[], value: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
