import type { Bar } from "../../synapse/bars";
import { DAY_S } from "../../synapse/span";

/** The first index of an ascending row of `length` whose value is at least `least`; `length` when none is. */
export function firstAtLeast(length: number, valueAt: (index: number) => number, least: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueAt(middle) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first bar at that time or after it. */
export function barFrom(bars: readonly Bar[], time: number): number {
  return firstAtLeast(bars.length, (index) => bars[index]?.time ?? 0, time);
}

/** A wire time in whole seconds, as bars have it. */
export const wholeSeconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

/** The bar that has what happened at that time: it is thinned out by its last time, so the next one; null: none. */
export function barOf(bars: readonly Bar[], time: number): number | null {
  const first = bars[0];
  const last = bars.at(-1);
  if (!first || !last || time < first.time - barGap(bars) || time > last.time + barGap(bars)) {
    return null;
  }
  return Math.min(barFrom(bars, time), bars.length - 1);
}

/** The usual distance of two bars in seconds; a day where nothing tells. */
function barGap(bars: readonly Bar[]): number {
  const gaps = bars.slice(1, 200).map((bar, index) => bar.time - (bars[index]?.time ?? 0));
  return gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? DAY_S;
}

/** The time at a place between bars, or beyond the first and the last of them. */
export function timeAt(bars: readonly Bar[], place: number): number {
  const last = bars.length - 1;
  const index = Math.max(0, Math.min(last - 1, Math.floor(place)));
  const time = bars[index]?.time ?? 0;
  const inside = place >= 0 && place <= last;
  if (inside) return time + (place - index) * ((bars[index + 1]?.time ?? time) - time);
  return place < 0 ? time + place * barGap(bars) : (bars[last]?.time ?? 0) + (place - last) * barGap(bars);
}

/** The place of a time: the inverse of `timeAt`. */
export function placeAt(bars: readonly Bar[], time: number): number {
  const last = bars.length - 1;
  const [first, end] = [bars[0]?.time ?? 0, bars[last]?.time ?? 0];
  if (time < first) return (time - first) / barGap(bars);
  if (time > end) return last + (time - end) / barGap(bars);
  const next = barFrom(bars, time);
  const [before, after] = [bars[next - 1]?.time ?? time, bars[next]?.time ?? time];
  return after === time ? next : next - (after - time) / (after - before);
}

export type TimeDetail = "day" | "minute" | "second";

/** How exact times must be shown: the usual distance of two bars tells. */
export function timeDetail(bars: readonly Bar[]): TimeDetail {
  const usual = barGap(bars);
  if (usual >= DAY_S / 2) return "day";
  return usual >= 60 ? "minute" : "second";
}
