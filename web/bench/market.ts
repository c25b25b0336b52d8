import type { Bar, BarsSnapshot } from "../src/synapse/bars";
import { REGIME_VALUES } from "../src/synapse/generated";
import type { BarFeed } from "../src/synapse/hooks";

const DAY_S = 86_400;
const FIRST_S = 1_000_000_000;
const BARS_EVERY = 60;
const SEED = 7;

/** The same numbers on every machine: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A made-up market as a feed: `tick` moves the last bar, and now and then begins another one. */
export class MadeMarket implements BarFeed {
  readonly symbol = "MADE";
  private readonly bars: Bar[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly random = randomOf(SEED);
  private ticks = 0;

  constructor(count: number, bands: number) {
    for (let index = 0; index < count; index += 1) {
      const regime = REGIME_VALUES[Math.floor((index * bands) / count) % REGIME_VALUES.length];
      this.bars.push(this.next(index, regime ?? null));
    }
  }

  read = (): BarsSnapshot => ({ status: "ready", generation: 1, bars: this.bars.slice() });

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  newest = (): Bar | null => this.bars.at(-1) ?? null;

  moves = (): number => 0;

  busy = (): boolean => false;

  look = (): void => {};

  tick(): void {
    this.ticks += 1;
    const last = this.bars.at(-1);
    if (!last) return;
    const made = this.next(this.bars.length, last.regime);
    if (this.ticks % BARS_EVERY === 0) this.bars.push(made);
    else this.bars[this.bars.length - 1] = { ...made, time: last.time };
    for (const listener of this.listeners) listener();
  }

  private next(index: number, regime: Bar["regime"]): Bar {
    const open = this.bars.at(-1)?.close ?? 1000;
    const close = open * (1 + (this.random() - 0.5) * 0.02);
    const [high, low] = [Math.max(open, close) * 1.004, Math.min(open, close) * 0.996];
    return { time: FIRST_S + index * DAY_S, open, high, low, close, regime };
  }
}
