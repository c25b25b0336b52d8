import type { ReplayStatePayload, ReplayStatus, ServerEvent } from "./generated";

/** Where a replay stands: all up to `position` is in what is shown. */
export class Place {
  status: ReplayStatus = "paused";
  /** The last position that it covers; null until the server said so. */
  end: number | null = null;
  /** The market's time. */
  clock: string | null = null;

  constructor(public position: number) {}

  /** Follows the server's word. */
  note(state: ReplayStatePayload): void {
    this.status = state.status;
    this.clock = state.clock;
    this.position = Math.max(this.position, state.position);
  }

  /** Follows an event; false for one that is in what is shown already. */
  take(event: ServerEvent): boolean {
    if (event.position <= this.position) return false;
    this.position = event.position;
    if (this.clock === null || event.occurred_at > this.clock) this.clock = event.occurred_at;
    return true;
  }

  /** A position that can be gone to. */
  within(to: number): number {
    return Math.max(0, Math.min(to, this.end ?? to));
  }
}
