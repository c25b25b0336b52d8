import type { Api } from "./api";
import type { Episode } from "./episodes";
import type { Channel, ServerEvent } from "./generated";
import type { MarketView } from "./view";
import type { ClientWorld } from "./world";

/** A moment of the past: right after a position, and the market's time there. */
export interface Moment {
  readonly position: number;
  readonly clock: string | null;
}

/** What the time machine needs of the tab. */
export interface PastHost {
  readonly world: ClientWorld;
  readonly api: Api;
  /** The present: where live is, and what it shows. */
  present(): { epoch: string | null; position: number; market: MarketView };
  /** What the page shows of the log. */
  channels(): readonly Channel[];
  /** A symbol's episodes; fails when they cannot be read. */
  episodes(symbol: string): Promise<readonly Episode[]>;
  /** Another moment, or live again. */
  onMoved(): void;
  /** An event of the moment that is shown. */
  onReplayed(event: ServerEvent): void;
  onChange(): void;
}
