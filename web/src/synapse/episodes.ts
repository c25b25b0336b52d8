import { REGIME_VALUES, type Regime } from "./generated";
import * as is from "./shape";

/** The time between two shifts of one symbol, as `GET /api/episodes` tells it. */
export interface Episode {
  readonly symbol: string;
  readonly regime: Regime;
  readonly previous_regime: Regime | null;
  /** The position of the regime update that began it. */
  readonly position: number;
  readonly start: string;
  /** Null while it lasts. */
  readonly end: string | null;
  readonly start_price: string | null;
  readonly end_price: string | null;
  readonly bars: number;
  readonly return: number | null;
  readonly maximum_drawdown: number | null;
  readonly mean_confidence: number;
  readonly source: string;
}

export interface EpisodesResponse {
  readonly epoch: string;
  readonly head: number;
  readonly position: number;
  /** Oldest first. */
  readonly episodes: readonly Episode[];
}

const regime = is.oneOf(...REGIME_VALUES);
const isEpisodes = is.record({
  epoch: is.text,
  head: is.integer,
  position: is.integer,
  episodes: is.list(
    is.record({
      symbol: is.text,
      regime,
      previous_regime: is.nullable(regime),
      position: is.integer,
      start: is.time,
      end: is.nullable(is.time),
      start_price: is.nullable(is.decimal),
      end_price: is.nullable(is.decimal),
      bars: is.integer,
      return: is.nullable(is.number),
      maximum_drawdown: is.nullable(is.number),
      mean_confidence: is.number,
      source: is.text,
    }),
  ),
});

/** Reads an answer of `GET /api/episodes`; null when it does not fit. */
export function parseEpisodes(value: unknown): EpisodesResponse | null {
  return isEpisodes(value) ? (value as EpisodesResponse) : null;
}
