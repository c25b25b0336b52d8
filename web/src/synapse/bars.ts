import type { PriceUpdate, Regime, ServerEvent } from "./generated";
import { REGIME_VALUES } from "./generated";
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
  readonly bars: readonly RawBar[];
}

interface RawBar {
  readonly timestamp: string;
  readonly open: string | null;
  readonly high: string | null;
  readonly low: string | null;
  readonly close: string;
  readonly regime: Regime | null;
}

export const BARS_MAX = 3_000;
export const WAITING_MAX = 5_000;
export const NO_BARS: BarsSnapshot = { status: "loading", generation: 0, bars: [] };

const price = is.nullable(is.decimal);
const isBars = is.record({
  head: is.integer,
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

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

function bar(raw: Omit<RawBar, "timestamp">, time: number): Bar {
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

/** The bars of one symbol: what was loaded, and what the socket brought since. */
export class BarSeries {
  private bars: Bar[] = [];
  private waiting: ServerEvent[] = [];
  private head: number | null = null;
  private regime: Regime | null = null;
  private changed = false;
  private snapshot: BarsSnapshot = NO_BARS;
  private generation = 0;
  private loads = 0;

  constructor(readonly symbol: string) {}

  /** Whether there are so many that loading them anew, thinned out, is better. */
  get overfull(): boolean {
    return this.head !== null && this.bars.length > BARS_MAX;
  }

  /** Begins a load: what arrives is kept for later, until the load that has this number ends. */
  begin(): number {
    this.head = null;
    this.loads += 1;
    return this.loads;
  }

  /** Ends a load; an answer that another load has overtaken changes nothing. */
  load(response: BarsResponse, number: number): void {
    if (number !== this.loads) return;
    const byTime = new Map<number, Bar>();
    for (const raw of response.bars) {
      const time = seconds(raw.timestamp);
      byTime.set(time, bar(raw, time));
    }
    this.bars = [...byTime.values()];
    this.regime = this.bars.at(-1)?.regime ?? null;
    this.head = response.head;
    this.generation += 1;
    this.changed = true;
    const waiting = this.waiting.splice(0);
    for (const event of waiting) this.apply(event);
  }

  /** A load came to nothing; whether it is worth another try. */
  fail(number: number): boolean {
    if (number !== this.loads) return false;
    this.snapshot = { ...this.snapshot, status: "failed" };
    return true;
  }

  apply(event: ServerEvent): void {
    if (this.head !== null) {
      if (event.position > this.head) this.take(event);
    } else {
      this.waiting.push(event);
      if (this.waiting.length > WAITING_MAX) this.waiting.shift();
    }
  }

  read(): BarsSnapshot {
    if (this.changed) {
      this.snapshot = { status: "ready", generation: this.generation, bars: this.bars.slice() };
      this.changed = false;
    }
    return this.snapshot;
  }

  private take(event: ServerEvent): void {
    if (event.type === "price_update") this.takePrice(event.payload);
    else if (event.type === "regime_update" && !event.payload.provisional) {
      this.takeRegime(event.payload.regime, seconds(event.payload.timestamp));
    }
    this.changed = true;
  }

  private takePrice(payload: PriceUpdate): void {
    const time = seconds(payload.timestamp);
    const found = this.bars.findLastIndex((one) => one.time <= time);
    const there = this.bars[found]?.time === time ? this.bars[found] : undefined;
    const made = bar({ ...payload, close: payload.price, regime: this.regime }, time);
    if (there) {
      this.bars[found] = { ...widened(made, there, payload), regime: there.regime };
      if (found < this.bars.length - 1) this.generation += 1;
    } else if (payload.corrects === null && found === this.bars.length - 1) {
      this.bars.push(made);
    }
  }

  private takeRegime(regime: Regime, since: number): void {
    this.regime = regime;
    for (let index = this.bars.length - 1; index >= 0; index -= 1) {
      const one = this.bars[index];
      if (!one || one.time < since) return;
      this.bars[index] = { ...one, regime };
    }
  }
}

/** Bare ticks within one second make one bar; a ready bar replaces what was there. */
function widened(made: Bar, there: Bar, payload: PriceUpdate): Bar {
  if (payload.bar_s !== null || payload.corrects !== null) return made;
  const high = Math.max(there.high, made.close);
  const low = Math.min(there.low, made.close);
  return { ...made, open: there.open, high, low };
}
