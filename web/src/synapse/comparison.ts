import { REGIME_VALUES, type Regime } from "./generated";
import * as is from "./shape";

export interface ComparedSymbol {
  readonly regime: Regime | null;
  readonly confidence: number | null;
  readonly probabilities: Readonly<Partial<Record<Regime, number>>> | null;
  readonly price: string | null;
  readonly strategy_recommendation: string | null;
  readonly target_exposure: number | null;
}

export interface FeatureChange {
  readonly name: string;
  readonly a: number | null;
  readonly b: number | null;
  readonly change: number | null;
  /** What the change did to each score, in units of its logit. */
  readonly contributions: Readonly<Record<string, number>>;
}

export interface SymbolChange {
  readonly a: ComparedSymbol | null;
  readonly b: ComparedSymbol | null;
  readonly changed: readonly string[];
  readonly price_change: number | null;
  /** Largest effect first. */
  readonly features: readonly FeatureChange[];
  /** The names of the features that did it. */
  readonly drivers: readonly string[];
}

export interface PortfolioMoment {
  readonly total_value: string;
  readonly exposure: number;
  readonly pnl_pct: number;
}

export interface ComparedMoment {
  readonly position: number;
  readonly at: string | null;
  readonly state_hash: string;
}

/** Two moments side by side: `GET /api/compare`. */
export interface Comparison {
  readonly a: ComparedMoment;
  readonly b: ComparedMoment;
  readonly symbols: Readonly<Record<string, SymbolChange>>;
  readonly portfolios: Readonly<
    Record<
      string,
      { a: PortfolioMoment | null; b: PortfolioMoment | null; value_change: number | null }
    >
  >;
  readonly counts: Readonly<Record<string, number | null>>;
}

const maybe = is.nullable(is.number);
const compared = is.nullable(
  is.record({
    regime: is.nullable(is.oneOf(...REGIME_VALUES)),
    confidence: maybe,
    probabilities: is.nullable(is.map(is.number)),
    price: is.nullable(is.decimal),
    strategy_recommendation: is.nullable(is.text),
    target_exposure: maybe,
  }),
);
const moment = is.record({
  position: is.integer,
  at: is.nullable(is.time),
  state_hash: is.text,
});
const feature = is.record({
  name: is.text,
  a: maybe,
  b: maybe,
  change: maybe,
  contributions: is.map(is.number),
});
const held = is.nullable(
  is.record({ total_value: is.decimal, exposure: is.number, pnl_pct: is.number }),
);
const isComparison = is.record({
  a: moment,
  b: moment,
  symbols: is.map(
    is.record({
      a: compared,
      b: compared,
      changed: is.list(is.text),
      price_change: maybe,
      features: is.list(feature),
      drivers: is.list(is.text),
    }),
  ),
  portfolios: is.map(is.record({ a: held, b: held, value_change: maybe })),
  counts: is.map(maybe),
});

/** Reads an answer of `GET /api/compare`; null when it does not fit. */
export function parseComparison(value: unknown): Comparison | null {
  return isComparison(value) ? (value as Comparison) : null;
}
