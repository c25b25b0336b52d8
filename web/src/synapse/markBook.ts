import { parseEvents, timeText, withQuery } from "./api";
import { RETRY_MS } from "./backoff";
import type { ServerEvent } from "./generated";
import type { Mark } from "./mark";
import { sameSpan, type Span, withRoom } from "./span";
import type { ShelfHost } from "./shelfHost";

/** The newest of a stretch that are shown, and that are kept of a symbol. */
export const MARKS_MAX = 300;
const MARKS_KEPT = 5_000;
export const MARKS_REST_MS = 200;
const NONE: readonly Mark[] = [];
const EVER: Span = { from: -Infinity, to: Infinity };

interface Wanted {
  readonly symbol: string;
  readonly span: Span | null;
  found: readonly Mark[];
  /** What was found of: so much is known, up to there. */
  version: number;
  upto: number;
  cancel: () => void;
  /** Whether it is still to be read. */
  waits: boolean;
}

/** A stretch of which all marks are known that were up to a position, and all that were played or live since. */
interface Known extends Span {
  readonly upto: number;
}

/** The alerts and trades of the stretches that somebody looks at. */
export class MarkBook {
  private readonly marks = new Map<string, Map<number, Mark>>();
  private readonly known = new Map<string, Known>();
  private readonly wanted = new Set<Wanted>();
  private version = 0;

  constructor(private readonly host: ShelfHost) {}

  /** Reads a stretch and keeps it up to date until the answer is called. */
  want(symbol: string, span: Span | null): () => void {
    const one = { symbol, span, found: NONE, version: -1, upto: 0, cancel: () => {}, waits: true };
    this.wanted.add(one);
    this.loadLater(one, MARKS_REST_MS);
    return () => {
      one.cancel();
      this.wanted.delete(one);
    };
  }

  /** Whether some that somebody looks at are still to be read. */
  busy(): boolean {
    return [...this.wanted].some(({ waits }) => waits);
  }

  /** The newest of a stretch up to what is shown, oldest first; the same list while they are the same. */
  read(symbol: string, span: Span | null): readonly Mark[] {
    const one = [...this.wanted].find((it) => it.symbol === symbol && sameSpan(it.span, span));
    if (!one) return NONE;
    const upto = this.host.shown() ?? Infinity;
    if (one.version === this.version && one.upto === upto) return one.found;
    Object.assign(one, { version: this.version, upto });
    const found = [...(this.marks.get(symbol)?.values() ?? [])]
      .filter(({ at, position }) => position <= upto && (!span || (at >= span.from && at <= span.to)))
      .toSorted((a, b) => a.position - b.position)
      .slice(-MARKS_MAX);
    const isSame = found.length === one.found.length && found.every((it, at) => it === one.found[at]);
    if (!isSame) one.found = found;
    return one.found;
  }

  /** An event, live or replayed. */
  apply(event: ServerEvent): void {
    const made = markOf(event);
    if (!made) return;
    const { symbol, mark } = made;
    const known = this.marks.get(symbol) ?? new Map<number, Mark>();
    this.marks.set(symbol, known);
    if (known.has(mark.position)) return;
    known.set(mark.position, mark);
    this.version += 1;
    const [oldest] = known.keys();
    if (known.size <= MARKS_KEPT || oldest === undefined) return;
    known.delete(oldest);
    this.known.delete(symbol);
  }

  /** Another moment is shown. */
  move(): void {
    const upto = this.host.shown() ?? Infinity;
    for (const [symbol, known] of this.known) if (upto > known.upto) this.known.delete(symbol);
    for (const one of this.wanted) this.loadLater(one, MARKS_REST_MS);
  }

  startOver(): void {
    this.marks.clear();
    this.known.clear();
    this.version += 1;
    this.move();
  }

  /** Whether nothing new can be read: a chart that moves with each bar asks again and again. */
  private knows({ symbol, span }: Wanted): boolean {
    const known = this.known.get(symbol);
    const { from, to } = span ?? EVER;
    return known !== undefined && known.from <= from && to <= known.to;
  }

  private learn(
    symbol: string,
    room: Span,
    upto: number | null,
    newestFirst: readonly ServerEvent[],
  ): void {
    const oldest = newestFirst.at(-1);
    // A full page holds the newest ones: what is older than its last is not known.
    const isFull = newestFirst.length >= MARKS_MAX;
    const cut = isFull && oldest ? secondsOf(oldest.occurred_at) + 1 : room.from;
    const from = Math.max(room.from, cut);
    this.known.set(symbol, { from, to: room.to, upto: upto ?? Infinity });
  }

  private loadLater(one: Wanted, ms: number): void {
    one.cancel();
    one.waits = true;
    one.cancel = this.host.world.later(ms, () => void this.load(one));
  }

  private async load(one: Wanted): Promise<void> {
    const room = one.span && withRoom(one.span);
    const upto = this.host.shown();
    if (this.knows(one)) {
      one.waits = false;
      return;
    }
    const path = withQuery("api/events", {
      types: "price_alert,trade_execution",
      symbols: one.symbol,
      since: room && timeText(room.from),
      until: room && timeText(room.to),
      before: upto === null ? null : upto + 1,
      order: "desc",
      limit: MARKS_MAX,
    });
    try {
      const events = await this.host.api.read(path, parseEvents);
      for (const event of events) this.apply(event);
      one.waits = false;
      this.learn(one.symbol, room ?? EVER, upto, events);
      this.host.onChange();
    } catch (error) {
      this.host.world.warn(String(error));
      if (this.wanted.has(one)) this.loadLater(one, RETRY_MS);
    }
  }
}

function markOf(event: ServerEvent): { symbol: string; mark: Mark } | null {
  const { position } = event;
  if (event.type === "price_alert") {
    const { symbol, alert_id: id, severity, message: text, timestamp } = event.payload;
    const at = secondsOf(timestamp);
    return { symbol, mark: { kind: "alert", id, at, position, severity, side: null, text } };
  }
  if (event.type === "trade_execution") {
    const { symbol, portfolio_id, trade_id, side, quantity, price, timestamp } = event.payload;
    const at = secondsOf(timestamp);
    const id = `${portfolio_id}/${trade_id}`;
    const text = `${side} ${quantity} at ${price}`;
    return { symbol, mark: { kind: "trade", id, at, position, severity: null, side, text } };
  }
  return null;
}

const secondsOf = (time: string): number => Math.floor(Date.parse(time) / 1000);
