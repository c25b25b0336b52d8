import { REGIME_VALUES, type Regime } from "./generated";
import * as is from "./shape";

/** One point of the chart; `time` in whole seconds since 1970 (UTC), `regime` as it was at its close. */
export interface Bar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly regime: Regime | null;
}

/** All bars of a symbol. While the generation stays, bars are only appended or the last one changes. */
export interface BarsSnapshot {
  readonly status: "loading" | "ready" | "failed";
  readonly generation: number;
  readonly bars: readonly Bar[];
}

/** An answer of `GET /api/bars`. */
export interface BarsResponse {
  readonly head: number;
  /** What the log held at this position; the head's, unless another one was asked for. */
  readonly position?: number;
  readonly bars: readonly RawBar[];
}

export interface RawBar {
  readonly timestamp: string;
  readonly open: string | null;
  readonly high: string | null;
  readonly low: string | null;
  readonly close: string;
  readonly regime: Regime | null;
}

export const NO_BARS: BarsSnapshot = { status: "loading", generation: 0, bars: [] };

const price = is.nullable(is.decimal);
const isBars = is.record({
  head: is.integer,
  position: (value) => value === undefined || is.integer(value),
  bars: is.list(
    is.record({
      timestamp: is.time,
      open: price,
      high: price,
      low: price,
      close: is.decimal,
      regime: is.nullable(is.oneOf(...REGIME_VALUES)),
    }),
  ),
});

/** Reads an answer of `GET /api/bars`; null when it does not fit. */
export function parseBars(value: unknown): BarsResponse | null {
  return isBars(value) ? (value as BarsResponse) : null;
}

export const secondsOf = (time: string): number => Math.floor(Date.parse(time) / 1000);

/** A bar of a price; what has no open, high or low has its close. */
export function barOf(raw: Omit<RawBar, "timestamp">, time: number): Bar {
  const close = Number(raw.close);
  const or = (value: string | null): number => (value === null ? close : Number(value));
  return {
    time,
    open: or(raw.open),
    high: or(raw.high),
    low: or(raw.low),
    close,
    regime: raw.regime,
  };
}
