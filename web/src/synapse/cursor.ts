import type { SubscribePayload } from "./generated";

const HISTORY_LAST = 50;

/** Where the page is in the log, and the proof that it missed nothing on the way there. */
export interface Continuity {
  readonly received: number;
  readonly missed: number;
  readonly duplicates: number;
  readonly resumed: number;
}

/** What to do with an event. */
export type Verdict = "take" | "drop";

/**
 * The cursor (epoch + position) with the version of every stream.
 *
 * A stream's versions have no hole in them, so a jump of a version is a count of missed events.
 */
export class Cursor {
  private readonly versions = new Map<string, number>();
  private counts = { received: 0, missed: 0, duplicates: 0, resumed: 0 };
  epoch: string | null = null;
  position = 0;

  get continuity(): Continuity {
    return { ...this.counts };
  }

  /** Takes note of an event; one that was seen before is to be dropped. */
  see(event: { position: number; stream: string; version: number }): Verdict {
    if (event.position <= this.position) {
      this.counts.duplicates += 1;
      return "drop";
    }
    const last = this.versions.get(event.stream);
    if (last !== undefined) this.counts.missed += Math.max(0, event.version - last - 1);
    this.versions.set(event.stream, event.version);
    this.counts.received += 1;
    this.position = event.position;
    return "take";
  }

  /** Everything up to a heartbeat's head has been sent. */
  advance(head: number): void {
    this.position = Math.max(this.position, head);
  }

  /** Where a subscription begins: after what is known, else with the newest of each stream. */
  request(): Pick<SubscribePayload, "epoch" | "history"> {
    if (this.epoch === null || this.position === 0) return { history: { last: HISTORY_LAST } };
    return { history: { after: this.position }, epoch: this.epoch };
  }

  resume(): void {
    this.counts.resumed += 1;
  }

  /** Another epoch: nothing known so far holds. The counts tell of the tab, so they stay. */
  forget(): void {
    this.versions.clear();
    this.epoch = null;
    this.position = 0;
  }
}
