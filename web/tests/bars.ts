import type { Bar, BarsSnapshot } from "../src/synapse/bars";
import type { Regime } from "../src/synapse/generated";
import type { BarFeed, Span } from "../src/synapse/hooks";

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
  readonly looks: (Span | null)[] = [];
  private snapshot: BarsSnapshot = { status: "loading", generation: 0, bars: [] };
  private readonly listeners = new Set<() => void>();

  read = (): BarsSnapshot => this.snapshot;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  look = (span: Span | null): void => {
    this.looks.push(span);
  };

  give(snapshot: Partial<BarsSnapshot>): void {
    this.snapshot = { ...this.snapshot, status: "ready", ...snapshot };
    for (const listener of this.listeners) listener();
  }
}
