import type { Episode } from "../../synapse/episodes";
import type { Regime } from "../../synapse/generated";
import type { Span } from "../../synapse/hooks";
import { DAY_S } from "../../synapse/span";

/** A run of market time in one regime; seconds since 1970. */
export interface Stretch extends Span {
  readonly regime: Regime;
}

/** A symbol's whole history; `stretches` follow one another without gaps from `from` to `to`. */
export interface Timeline extends Span {
  readonly stretches: readonly Stretch[];
}

/** Who wins where one pixel holds several regimes: no crash may vanish. */
const STRENGTH: Readonly<Partial<Record<Regime, number>>> = { CRASH: 2, BEAR: 1 };

export const seconds = (time: string): number => Date.parse(time) / 1000;

export const iso = (time: number): string => new Date(Math.round(time * 1000)).toISOString();

/** The episodes as one line of time that ends at `end` or later; null while there are none. */
export function timelineOf(episodes: readonly Episode[], end: number): Timeline | null {
  const [first] = episodes;
  if (!first) return null;
  const starts = episodes.map(({ start }) => seconds(start));
  const from = starts[0] ?? 0;
  const last = episodes.at(-1)?.end ?? null;
  const latest = Math.max(end, starts.at(-1) ?? from, last ? seconds(last) : from);
  const to = latest > from ? latest : from + DAY_S;
  const stretches = episodes.map(({ regime }, index) => {
    const start = starts[index] ?? from;
    return { regime, from: start, to: Math.max(start, starts[index + 1] ?? to) };
  });
  return { from, to, stretches };
}

/** What each of so many pixels shows: CRASH before BEAR before whatever fills most of it. */
export function columns(timeline: Timeline, width: number): (Regime | null)[] {
  const { from, to, stretches } = timeline;
  const made: (Regime | null)[] = Array.from({ length: width }, () => null);
  const filled = new Float64Array(width);
  const perSecond = width / (to - from);
  for (const stretch of stretches) {
    const left = (stretch.from - from) * perSecond;
    const right = (stretch.to - from) * perSecond;
    const last = Math.min(width - 1, Math.max(Math.floor(left), Math.ceil(right) - 1));
    for (let x = Math.min(width - 1, Math.floor(left)); x <= last; x += 1) {
      const share = Math.min(right, x + 1) - Math.max(left, x);
      if (!beats(stretch.regime, share, made[x] ?? null, filled[x] ?? 0)) continue;
      made[x] = stretch.regime;
      filled[x] = share;
    }
  }
  return made;
}

function beats(one: Regime, share: number, other: Regime | null, otherShare: number): boolean {
  if (other === null) return true;
  const lead = (STRENGTH[one] ?? 0) - (STRENGTH[other] ?? 0);
  return lead > 0 || (lead === 0 && share > otherShare);
}

/** The stretch that a moment lies in; the first one before the beginning. */
export function stretchAt({ stretches }: Timeline, at: number): Stretch | null {
  let low = 0;
  let high = stretches.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((stretches[middle]?.from ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return stretches[low] ?? null;
}

/** A moment as a fraction of the line, within 0 and 1. */
export function fractionAt({ from, to }: Span, at: number): number {
  return Math.min(1, Math.max(0, (at - from) / (to - from)));
}

export function momentAt({ from, to }: Span, fraction: number): number {
  return from + Math.min(1, Math.max(0, fraction)) * (to - from);
}

/** The time that both lines cover; null where they have none in common. */
export function common(one: Span, other: Span): Span | null {
  const from = Math.max(one.from, other.from);
  const to = Math.min(one.to, other.to);
  return from < to ? { from, to } : null;
}

/** A line along another one's time: what lies beyond that is left out. */
export function along(axis: Span, line: Timeline): Timeline {
  const stretches = line.stretches.flatMap(({ from, regime, to }) => {
    const part = common(axis, { from, to });
    return part ? [{ ...part, regime }] : [];
  });
  return { from: axis.from, to: axis.to, stretches };
}
