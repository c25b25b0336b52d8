import type { Regime } from "../../synapse/generated";
import type { Span } from "../../synapse/hooks";
import { type Timeline, common } from "./timeline";

/** A run of market time in which a lane says something else than what was recorded; seconds since 1970. */
export interface Difference extends Span {
  readonly recorded: Regime;
  readonly lane: Regime;
}

/** Where two lines differ, oldest first, each for as long as both stay in their regimes. */
export function differences(recorded: Timeline, lane: Timeline): Difference[] {
  const both = common(recorded, lane);
  const found: Difference[] = [];
  let other = 0;
  for (const mine of both ? recorded.stretches : []) {
    for (let at = other; at < lane.stretches.length; at += 1) {
      const theirs = lane.stretches[at];
      if (!theirs || theirs.from >= mine.to) break;
      other = at;
      const span = common(mine, theirs);
      if (!span || theirs.regime === mine.regime) continue;
      found.push({ ...span, recorded: mine.regime, lane: theirs.regime });
    }
  }
  return found;
}

/** In how much of a stretch they agree, from 0 to 1. */
export function agreement(found: readonly Difference[], within: Span): number {
  const differ = found.reduce((sum, one) => {
    const part = common(one, within);
    return sum + (part ? part.to - part.from : 0);
  }, 0);
  return 1 - differ / (within.to - within.from);
}

/** How many times they part within a stretch; where one difference passes into another, they have not met. */
export function partings(found: readonly Difference[], within: Span): number {
  const seen = found.filter((one) => common(one, within) !== null);
  return seen.filter(({ from }, index) => seen[index - 1]?.to !== from).length;
}

/** The next moment from which on they differ, or the last one before; the line's other end comes after one end. */
export function besides(
  found: readonly Difference[],
  at: number,
  way: "next" | "previous",
): Difference | null {
  // Where one difference passes into another, the lines have not met between them.
  const begun = found.filter(({ from }, index) => found[index - 1]?.to !== from);
  const next = way === "next" ? begun.find(({ from }) => from > at) : begun.findLast(({ from }) => from < at);
  return next ?? (way === "next" ? begun[0] : begun.at(-1)) ?? null;
}

/** Where they differ, as a path over so many columns; no difference is narrower than one. */
export function differencePath(
  found: readonly Difference[],
  axis: Span,
  width: number,
  height: number,
): string {
  const { from, to } = axis;
  const perSecond = width / (to - from);
  let last = 0;
  const bars: string[] = [];
  for (const one of found) {
    if (!common(one, axis)) continue;
    const left = Math.max(last, Math.floor((one.from - from) * perSecond));
    const right = Math.min(width, Math.max(left + 1, Math.ceil((one.to - from) * perSecond)));
    if (right <= left) continue;
    bars.push(`M${left} ${height}V0H${right}V${height}z`);
    last = right;
  }
  return bars.join("");
}
