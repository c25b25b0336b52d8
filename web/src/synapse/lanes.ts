import * as is from "./shape";

/** Which detector said so. */
export interface DetectorStamp {
  readonly name: string;
  readonly version: string;
  readonly constants_hash: string;
}

/** A symbol of a lane. */
export interface LaneSymbol {
  readonly symbol: string;
  /** Who made its newest regime; null where nobody said. */
  readonly detector: DetectorStamp | null;
  /** The market time at which the lane ends. */
  readonly until: string;
}

/** Another log that the recorder shows beside its own: never broadcast, and with positions of its own. */
export interface Lane {
  readonly name: string;
  /** Why nothing is known of it now. */
  readonly problem: string | null;
  readonly epoch: string | null;
  readonly head: number | null;
  readonly symbols: readonly LaneSymbol[];
}

/** The lanes that there are, and which of them is shown. */
export interface LaneChoice {
  readonly lanes: readonly Lane[];
  /** Null: none. */
  readonly chosen: string | null;
  readonly choose: (name: string | null) => void;
}

const detector = is.record({ name: is.text, version: is.text, constants_hash: is.text });
const isLanes = is.record({
  lanes: is.list(
    is.record({
      name: is.text,
      problem: is.nullable(is.text),
      epoch: is.nullable(is.text),
      head: is.nullable(is.integer),
      symbols: is.list(
        is.record({ symbol: is.text, detector: is.nullable(detector), until: is.time }),
      ),
    }),
  ),
});

/** Reads an answer of `GET /api/lanes`; null when it does not fit. */
export function parseLanes(value: unknown): readonly Lane[] | null {
  return isLanes(value) ? (value as { lanes: readonly Lane[] }).lanes : null;
}
