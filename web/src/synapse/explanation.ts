import { REGIME_VALUES, type Regime } from "./generated";
import * as is from "./shape";

/** What it would take to leave the regime: a score past a threshold, and about which close would do it. */
export interface Flip {
  readonly to: Regime;
  readonly score: string;
  readonly value: number;
  readonly threshold: number;
  readonly direction: "above" | "below";
  readonly distance: number;
  readonly price: string | null;
  /** The change of the price that would do it, as a fraction. */
  readonly change: number | null;
}

export interface Score {
  readonly name: string;
  readonly value: number;
  readonly bias: number;
  readonly terms: readonly ScoreTerm[];
}

export interface ScoreTerm {
  readonly feature: string;
  readonly value: number;
  readonly weight: number;
  readonly contribution: number;
}

/** Why a symbol is in its regime, and how far from leaving it: `GET /api/explain`. */
export interface Explanation {
  readonly symbol: string;
  readonly position: number;
  readonly regime: Regime | null;
  readonly explained: boolean;
  /** Why it cannot be explained. */
  readonly reason: string | null;
  readonly scores: readonly Score[];
  /** Nearest first. */
  readonly flips: readonly Flip[];
}

const regime = is.oneOf(...REGIME_VALUES);
const isExplanation = is.record({
  symbol: is.text,
  position: is.integer,
  regime: is.nullable(regime),
  explained: is.flag,
  reason: is.nullable(is.text),
  scores: is.list(
    is.record({
      name: is.text,
      value: is.number,
      bias: is.number,
      terms: is.list(
        is.record({
          feature: is.text,
          value: is.number,
          weight: is.number,
          contribution: is.number,
        }),
      ),
    }),
  ),
  flips: is.list(
    is.record({
      to: regime,
      score: is.text,
      value: is.number,
      threshold: is.number,
      direction: is.oneOf("above", "below"),
      distance: is.number,
      price: is.nullable(is.decimal),
      change: is.nullable(is.number),
    }),
  ),
});

/** Reads an answer of `GET /api/explain`; null when it does not fit. */
export function parseExplanation(value: unknown): Explanation | null {
  return isExplanation(value) ? (value as Explanation) : null;
}
