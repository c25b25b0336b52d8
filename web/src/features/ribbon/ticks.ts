import type { Span } from "../../synapse/hooks";
import { DAY_S } from "../../synapse/span";

const YEAR_S = 365.25 * DAY_S;
const YEAR_ROOM_PX = 44;
const TIME_ROOM_PX = 110;
/** What the words beside a mark take: one nearer to the end would be cut off. */
const YEAR_PX = 30;
const TIME_PX = 72;
const YEAR_STEPS = [1, 2, 5, 10, 20, 50, 100];
const TIME_STEPS_S = [1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, DAY_S, 7 * DAY_S, 30 * DAY_S, 91 * DAY_S, 182 * DAY_S];
const LONGEST_STEP_S = 365 * DAY_S;

/** The marks of an axis: where each stands, in seconds since 1970, and whether they are whole years. */
export interface Ticks {
  readonly years: boolean;
  readonly at: readonly number[];
}

/** As many round moments as have room along so many pixels. */
export function ticksOf(span: Span, width: number): Ticks {
  const years = span.to - span.from > 2 * YEAR_S;
  const at = years ? yearTicks(span, width) : timeTicks(span, width);
  const last = span.to - ((span.to - span.from) * (years ? YEAR_PX : TIME_PX)) / width;
  return { years, at: at.filter((one) => one <= last) };
}

const yearAt = (at: number): number => new Date(at * 1000).getUTCFullYear();

function yearTicks({ from, to }: Span, width: number): number[] {
  const [first, last] = [yearAt(from), yearAt(to)];
  const most = Math.max(1, Math.floor(width / YEAR_ROOM_PX));
  const step = YEAR_STEPS.find((one) => (last - first) / one <= most) ?? 200;
  const ticks: number[] = [];
  for (let year = Math.ceil((first + 1) / step) * step; year <= last; year += step) {
    ticks.push(Date.UTC(year, 0, 1) / 1000);
  }
  return ticks;
}

function timeTicks({ from, to }: Span, width: number): number[] {
  const most = Math.max(1, Math.floor(width / TIME_ROOM_PX));
  const step = TIME_STEPS_S.find((one) => (to - from) / one <= most) ?? LONGEST_STEP_S;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) ticks.push(at);
  return ticks;
}
