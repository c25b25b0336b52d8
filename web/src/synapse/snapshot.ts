import type { Connection } from "./connection";
import type { Continuity } from "./cursor";
import type { Machine } from "./machine";
import type { MarketView } from "./view";

/** Everything the page shows, at one moment; replaced as a whole, never changed. */
export interface Snapshot {
  readonly connection: Connection;
  readonly lastMessageAt: number | null;
  readonly continuity: Continuity;
  readonly position: number;
  readonly invalid: number;
  readonly problem: string | null;
  /** Whether the state was read, so that a symbol that is missing is missing in the log too. */
  readonly loaded: boolean;
  readonly epoch: string | null;
  /** The market as it is now, whatever is shown. */
  readonly live: MarketView;
  /** The market that is shown: live, or as of the time machine's moment. */
  readonly market: MarketView;
  /** Null while live. */
  readonly machine: Machine | null;
}
