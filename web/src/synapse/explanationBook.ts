import { Refusal, withQuery } from "./api";
import { RETRY_MS } from "./backoff";
import { type Explanation, parseExplanation } from "./explanation";
import type { ShelfHost } from "./shelfHost";

/** A symbol's explanation is asked for at most this often. */
export const EXPLAIN_EVERY_MS = 1_000;

interface Entry {
  key: string;
  askedAt: number;
  scheduled: boolean;
  found: Explanation | null;
}

/** Why the symbols are in the regimes that are shown; asked anew when one of these changes. */
export class ExplanationBook {
  private readonly entries = new Map<string, Entry>();
  private moves = 0;

  constructor(private readonly host: ShelfHost) {}

  /** The newest; null while none is known, and where it is of another time than what is shown. */
  read(symbol: string): Explanation | null {
    const explanation = this.entries.get(symbol)?.found ?? null;
    const shown = this.host.shown();
    return explanation && shown !== null && explanation.position > shown ? null : explanation;
  }

  /** `key` names what is to be explained; the same one is asked for once. */
  want(symbol: string, key: string): void {
    const entry = this.entries.get(symbol) ?? {
      key: "",
      askedAt: -Infinity,
      scheduled: false,
      found: null,
    };
    this.entries.set(symbol, entry);
    if (entry.key === key) return;
    entry.key = key;
    this.schedule(symbol, entry);
  }

  /** Another moment, or live again: what explains the one before does not explain this one. */
  move(): void {
    this.moves += 1;
    const position = this.host.moment()?.position ?? null;
    for (const entry of this.entries.values()) {
      if (entry.found?.position !== position) entry.found = null;
    }
  }

  startOver(): void {
    this.entries.clear();
  }

  private schedule(symbol: string, entry: Entry): void {
    if (entry.scheduled) return;
    entry.scheduled = true;
    const { world } = this.host;
    const waitMs = Math.max(0, entry.askedAt + EXPLAIN_EVERY_MS - world.now());
    world.later(waitMs, () => {
      entry.scheduled = false;
      if (this.entries.get(symbol) === entry) void this.ask(symbol, entry);
    });
  }

  private async ask(symbol: string, entry: Entry): Promise<void> {
    const { api, world } = this.host;
    const { moves } = this;
    entry.askedAt = world.now();
    try {
      const path = withQuery("api/explain", { symbol, at: this.host.shown() });
      const explanation = await api.read(path, parseExplanation);
      if (this.entries.get(symbol) !== entry) return;
      if (moves !== this.moves) return this.schedule(symbol, entry);
      entry.found = explanation;
      this.host.onChange();
    } catch (error) {
      world.warn(String(error));
      if (error instanceof Refusal && error.status < 500) return;
      entry.askedAt = world.now() + RETRY_MS - EXPLAIN_EVERY_MS;
      this.schedule(symbol, entry);
    }
  }
}
