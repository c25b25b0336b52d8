import type { Bar } from "../../synapse/bars";
import type { Episode } from "../../synapse/episodes";
import type { AlertSeverity, Regime } from "../../synapse/generated";
import type { Mark } from "../../synapse/hooks";
import { barOf, wholeSeconds } from "./search";

export const MARK_KINDS = { shift: "Shifts", alert: "Alerts", trade: "Trades" } as const;
export type MarkKind = keyof typeof MARK_KINDS;

/** What a mark looks like: each look has a shape of its own. */
export type Look = Regime | AlertSeverity | "buy" | "sell";

/** A mark on the chart, at a bar. */
export interface ChartMark {
  readonly kind: MarkKind;
  readonly look: Look;
  readonly index: number;
  readonly text: string;
  /** Which stays where there is no room for all; the greater. */
  readonly weight: number;
}

/** One kind's marks are at least so far apart. */
export const MARK_ROOM_PX = 14;
export const MARKS_DRAWN_MAX = 240;

const WEIGHTS: Readonly<Partial<Record<Look, number>>> = {
  critical: 5,
  buy: 4,
  sell: 4,
  CRASH: 3.5,
  warning: 2,
  info: 1,
};
const SHIFT_WEIGHT = 3;

/** All that is to be marked, snapped to the bars; of episodes only those that began up to a position. */
export function chartMarks(
  bars: readonly Bar[],
  episodes: readonly Episode[],
  marks: readonly Mark[],
  until: number,
): ChartMark[] {
  const made: ChartMark[] = [];
  const add = (kind: MarkKind, look: Look, at: number, text: string): void => {
    const index = barOf(bars, at);
    if (index !== null) made.push({ kind, look, index, text, weight: WEIGHTS[look] ?? SHIFT_WEIGHT });
  };
  for (const { position, previous_regime, regime, start } of episodes) {
    if (previous_regime === null || position > until) continue;
    add("shift", regime, wholeSeconds(start), `${previous_regime} to ${regime}`);
  }
  for (const { at, kind, position, severity, side, text } of marks) {
    if (position <= until) add(kind, severity ?? side ?? "info", at, text);
  }
  return made;
}

/** So many that they can be told apart: of one kind at most one in `room` bars, the weightier, else the newer. */
export function thinned(marks: readonly ChartMark[], room: number): ChartMark[] {
  const order = marks.toSorted((a, b) => b.weight - a.weight || b.index - a.index);
  const taken = new Map<string, number[]>();
  const kept: ChartMark[] = [];
  for (const mark of order) {
    const cell = Math.floor(mark.index / Math.max(room, 1));
    const near = [cell - 1, cell, cell + 1].flatMap((one) => taken.get(`${mark.kind} ${one}`) ?? []);
    if (near.some((index) => Math.abs(index - mark.index) < room)) continue;
    if (near.includes(mark.index)) continue;
    const key = `${mark.kind} ${cell}`;
    taken.set(key, [...(taken.get(key) ?? []), mark.index]);
    kept.push(mark);
    if (kept.length === MARKS_DRAWN_MAX) break;
  }
  return kept.toSorted((a, b) => a.index - b.index);
}
