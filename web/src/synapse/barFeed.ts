import { RETRY_MS } from "./backoff";
import { type Bar, type BarsResponse, type BarsSnapshot, secondsOf } from "./bars";
import { BarSeries } from "./barSeries";
import type { ServerEvent } from "./generated";
import type { Moment } from "./pastHost";
import type { ShelfHost } from "./shelfHost";
import { sameStretch, type Span, type Stretch, withRoom } from "./span";

/** A listener is told at most this often: once a frame. */
export const FRAME_MS = 16;
/** Bars of another stretch or moment are read when it has rested for so long. */
export const REST_MS = 150;

/** A symbol's price at the moment that is shown, whether its bar is loaded or not. */
export type Newest = Pick<Bar, "time" | "close" | "regime">;

/** The bars of a symbol past React: whoever draws them is told at most once a frame. */
export interface BarFeed {
  readonly symbol: string;
  read(): BarsSnapshot;
  subscribe(listener: () => void): () => void;
  newest(): Newest | null;
  /** Rises when another moment is shown, or live again; not while time goes on. */
  moves(): number;
  /** Whether other bars are on their way. */
  busy(): boolean;
  /** Another stretch of history; null: all of it, up to the moment. */
  look(stretch: Stretch | null): void;
}

/** One symbol's feed: it reads nothing while nobody listens. */
export class SymbolFeed implements BarFeed {
  private series: BarSeries;
  private stretch: Stretch | null = null;
  private moved = 0;
  private waits = false;
  private readonly listeners = new Set<() => void>();
  private telling = false;
  private cancelLoad = () => {};

  constructor(
    readonly symbol: string,
    private readonly host: ShelfHost,
  ) {
    this.series = new BarSeries(symbol);
  }

  read = (): BarsSnapshot => this.series.read();

  subscribe = (listener: () => void): (() => void) => {
    const own = (): void => listener();
    this.listeners.add(own);
    if (this.listeners.size === 1) void this.load();
    return () => {
      this.listeners.delete(own);
      if (this.listeners.size === 0) this.rest();
    };
  };

  newest = (): Newest | null => {
    const { price = null, regime = null } = this.host.symbol(this.symbol) ?? {};
    const at = price?.at ?? null;
    const time = at === null ? this.reached() : secondsOf(at);
    if (!price || time === null) return null;
    return { time, close: Number(price.price), regime: regime?.regime ?? null };
  };

  moves = (): number => this.moved;

  busy = (): boolean => this.waits;

  look = (stretch: Stretch | null): void => {
    if (sameStretch(stretch, this.stretch)) return;
    this.stretch = stretch;
    this.loadLater(REST_MS);
  };

  /** An event of what is shown. */
  apply(event: ServerEvent): void {
    if (this.listeners.size === 0) return;
    this.series.apply(event);
    if (this.series.overfull) void this.load();
    this.tell();
  }

  /** Another moment is shown: nothing later than it stays; the rest is read when it rests. */
  move(moment: Moment | null): void {
    this.moved += 1;
    if (this.listeners.size === 0) return;
    if (moment) {
      const clock = moment.clock === null ? null : Date.parse(moment.clock) / 1000;
      this.series.cut(clock, moment.position);
      this.loadLater(REST_MS);
    } else {
      void this.load();
    }
    this.tell();
  }

  /** The log is another one. */
  reload(): void {
    if (this.listeners.size > 0) void this.load();
  }

  private rest(): void {
    this.cancelLoad();
    this.stretch = null;
    this.waits = false;
    this.series = this.series.renewed();
  }

  private loadLater(ms: number): void {
    this.cancelLoad();
    if (this.listeners.size === 0) return;
    this.waits = true;
    this.cancelLoad = this.host.world.later(ms, () => void this.load());
  }

  private async load(): Promise<void> {
    this.cancelLoad();
    const { series } = this;
    const number = series.begin();
    this.waits = true;
    try {
      const { answer, until } = await this.ask();
      if (series.load(answer, number, until)) this.waits = false;
    } catch (error) {
      this.host.world.warn(String(error));
      if (series.fail(number) && series === this.series) this.loadLater(RETRY_MS);
    }
    this.tell();
  }

  /** The time of the newest bar, where it is loaded, else the market's: a state has prices without a time. */
  private reached(): number | null {
    const { stretch } = this;
    const isOpen = stretch === null || "last" in stretch;
    const last = isOpen && !this.waits ? this.series.read().bars.at(-1) : undefined;
    const clock = this.host.moment()?.clock ?? null;
    return last?.time ?? (clock === null ? null : secondsOf(clock));
  }

  /** Reads the stretch with room on both sides; one up to the moment goes on with it, so it has no end. */
  private async ask(): Promise<{ readonly answer: BarsResponse; readonly until: number | null }> {
    const { stretch } = this;
    const position = this.host.moment()?.position ?? null;
    const read = (span: Span | null): Promise<BarsResponse> =>
      this.host.api.bars(this.symbol, { span, position });
    if (stretch && !("last" in stretch)) {
      const span = withRoom(stretch);
      return { answer: await read(span), until: span.to };
    }
    const upTo = (to: number | null): Span | null =>
      stretch && to !== null ? withRoom({ from: to - stretch.last, to }) : null;
    const answer = await read(upTo(this.newest()?.time ?? null));
    if (!stretch || answer.bars.length > 0) return { answer, until: null };
    // The market's clock is that of all symbols: this one may have rested for long.
    const all = await read(null);
    const newest = all.bars.at(-1);
    return { answer: newest ? await read(upTo(secondsOf(newest.timestamp))) : all, until: null };
  }

  private tell(): void {
    if (this.telling || this.listeners.size === 0) return;
    this.telling = true;
    this.host.world.later(FRAME_MS, () => {
      this.telling = false;
      for (const listener of this.listeners) listener();
    });
  }
}

/** The feeds of all symbols: one a symbol, the same for ever. */
export class BarFeeds {
  private readonly feeds = new Map<string, SymbolFeed>();

  constructor(private readonly host: ShelfHost) {}

  of(symbol: string): SymbolFeed {
    const known = this.feeds.get(symbol) ?? new SymbolFeed(symbol, this.host);
    this.feeds.set(symbol, known);
    return known;
  }

  apply(event: ServerEvent): void {
    if (event.type !== "price_update" && event.type !== "regime_update") return;
    this.feeds.get(event.payload.symbol)?.apply(event);
  }

  move(): void {
    for (const feed of this.feeds.values()) feed.move(this.host.moment());
  }

  reload(): void {
    for (const feed of this.feeds.values()) feed.reload();
  }
}
