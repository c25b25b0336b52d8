import type { Bar, BarsSnapshot } from "../src/synapse/bars";
import type { Regime } from "../src/synapse/generated";
import type { Newest } from "../src/synapse/barFeed";
import type { BarFeed } from "../src/synapse/hooks";
import type { Stretch } from "../src/synapse/span";

export const FIRST_S = 1_000_000_000;
export const DAY_S = 86_400;

/** Bars `step` seconds apart, with a regime each. */
export function barsOf(step: number, ...regimes: (Regime | null)[]): Bar[] {
  return regimes.map((regime, index) => ({
    time: FIRST_S + index * step,
    open: 100 + index,
    high: 102 + index,
    low: 99 + index,
    close: 101 + index,
    regime,
  }));
}

/** So many daily bars of one regime. */
export function days(count: number): Bar[] {
  return barsOf(DAY_S, ...Array.from({ length: count }, () => "BULL" as const));
}

/** A feed that the test fills. */
export class FakeFeed implements BarFeed {
  readonly symbol = "SPX";
  readonly looks: (Stretch | null)[] = [];
  /** How often the moment has jumped. */
  jumps = 0;
  now: number | null = null;
  private snapshot: BarsSnapshot = { status: "loading", generation: 0, bars: [] };
  private readonly listeners = new Set<() => void>();

  read = (): BarsSnapshot => this.snapshot;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  newest = (): Newest | null => {
    const bar = this.snapshot.bars.at(-1);
    return this.now === null ? (bar ?? null) : { time: this.now, close: 1, regime: null };
  };

  moves = (): number => this.jumps;

  busy = (): boolean => false;

  look = (stretch: Stretch | null): void => {
    this.looks.push(stretch);
  };

  give(snapshot: Partial<BarsSnapshot>): void {
    this.snapshot = { ...this.snapshot, status: "ready", ...snapshot };
    for (const listener of this.listeners) listener();
  }
}
