import type { ReplaySnapshotPayload, ServerEvent } from "./generated";
import { applyEvent } from "./reducer";
import { parseState, withState } from "./state";
import { EMPTY_VIEW, type MarketView } from "./view";

/** The market of the moment that is shown: a state, and the events right after it. */
export class Shown {
  market: MarketView = EMPTY_VIEW;
  /** The newest event since the state. */
  lastEvent: ServerEvent | null = null;
  /** Whether it is of the past already. */
  landed = false;

  /** Begins with the present. */
  open(market: MarketView): void {
    this.market = market;
    this.lastEvent = null;
    this.landed = false;
  }

  /** Takes a state; false for one that does not fit. */
  land({ state }: ReplaySnapshotPayload): boolean {
    const parsed = parseState(state);
    if (!parsed) return false;
    this.market = withState(EMPTY_VIEW, parsed);
    this.lastEvent = null;
    this.landed = true;
    return true;
  }

  take(event: ServerEvent): void {
    this.market = applyEvent(this.market, event);
    this.lastEvent = event;
  }
}
