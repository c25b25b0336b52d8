import { type Bar, type BarsResponse, type BarsSnapshot, barOf, NO_BARS, secondsOf } from "./bars";
import type { PriceUpdate, Regime, ServerEvent } from "./generated";

export const BARS_MAX = 3_000;
const WAITING_MAX = 5_000;

/** The bars of one symbol: what was loaded, and what the socket brought since. */
export class BarSeries {
  private bars: Bar[] = [];
  /** The widest that was loaded: going back in time needs only a part of it. */
  private base: readonly Bar[] = [];
  private until: number | null = null;
  private waiting: ServerEvent[] = [];
  private head: number | null = null;
  private regime: Regime | null = null;
  private changed = false;
  private loaded = false;
  private awaited = true;
  private snapshot: BarsSnapshot = NO_BARS;
  private generation = 0;
  private loads = 0;

  constructor(readonly symbol: string) {}

  /** An empty one whose generations go on. */
  renewed(): BarSeries {
    const series = new BarSeries(this.symbol);
    series.generation = this.generation + 1;
    series.snapshot = { ...NO_BARS, generation: series.generation };
    return series;
  }

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

  /**
   * Ends a load; false for an answer that another load has overtaken: it changes nothing.
   *
   * `until`: the end of the stretch that was asked for, in seconds; what is later does not belong to it.
   */
  load(response: BarsResponse, number: number, until: number | null = null): boolean {
    if (number !== this.loads) return false;
    const byTime = new Map<number, Bar>();
    for (const raw of response.bars) {
      const time = secondsOf(raw.timestamp);
      byTime.set(time, barOf(raw, time));
    }
    this.bars = [...byTime.values()];
    this.loaded = true;
    this.awaited = false;
    this.base = this.bars.slice();
    this.until = until;
    this.regime = this.bars.at(-1)?.regime ?? null;
    this.head = response.position ?? response.head;
    this.generation += 1;
    this.changed = true;
    const waiting = this.waiting.splice(0);
    for (const event of waiting) this.apply(event);
    return true;
  }

  /** Another moment: nothing later than `clock` (seconds; null: nothing at all) stays, until a load says better. */
  cut(clock: number | null, position: number): void {
    const newest = this.bars.at(-1)?.time ?? 0;
    if (newest > (this.base.at(-1)?.time ?? 0)) this.base = this.bars;
    this.bars = this.base.filter((one) => clock !== null && one.time <= clock);
    this.regime = this.bars.at(-1)?.regime ?? null;
    this.head = position;
    this.waiting = [];
    this.awaited = true;
    this.loads += 1;
    this.generation += 1;
    this.changed = this.loaded;
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
      // Nothing left of another moment does not mean that there is nothing.
      const status = this.awaited && this.bars.length === 0 ? "loading" : "ready";
      this.snapshot = { status, generation: this.generation, bars: this.bars.slice() };
      this.changed = false;
    }
    return this.snapshot;
  }

  private take(event: ServerEvent): void {
    if (event.type === "price_update") this.takePrice(event.payload);
    else if (event.type === "regime_update" && !event.payload.provisional) {
      this.takeRegime(event.payload.regime, secondsOf(event.payload.timestamp));
    }
    this.changed = true;
  }

  private takePrice(payload: PriceUpdate): void {
    const time = secondsOf(payload.timestamp);
    if (this.until !== null && time > this.until) return;
    const found = this.bars.findLastIndex((one) => one.time <= time);
    const there = this.bars[found]?.time === time ? this.bars[found] : undefined;
    const made = barOf({ ...payload, close: payload.price, regime: this.regime }, time);
    if (there) {
      this.bars[found] = { ...widened(made, there, payload), regime: there.regime };
      if (found < this.bars.length - 1) this.generation += 1;
    } else if (payload.corrects === null) {
      this.insert(made, found);
    }
  }

  /** A late bar comes to its place; one that is older than all that were loaded is not of this stretch. */
  private insert(made: Bar, before: number): void {
    if (before === this.bars.length - 1) {
      this.bars.push(made);
    } else if (before >= 0) {
      this.bars.splice(before + 1, 0, { ...made, regime: this.bars[before]?.regime ?? null });
      this.generation += 1;
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
