import { RETRY_MS } from "./backoff";
import type { BarsSnapshot } from "./bars";
import { BarSeries } from "./barSeries";
import type { ServerEvent } from "./generated";
import type { Moment } from "./pastHost";
import type { ShelfHost } from "./shelfHost";
import { sameSpan, type Span, withRoom } from "./span";

/** A listener is told at most this often: once a frame. */
export const FRAME_MS = 16;
/** Bars of another stretch or moment are read when it has rested for so long. */
export const REST_MS = 150;

/** The bars of a symbol past React: whoever draws them is told at most once a frame. */
export interface BarFeed {
  readonly symbol: string;
  read(): BarsSnapshot;
  subscribe(listener: () => void): () => void;
  /** Another stretch of history; null: the newest bars. */
  look(span: Span | null): void;
}

/** One symbol's feed: it reads nothing while nobody listens. */
export class SymbolFeed implements BarFeed {
  private series: BarSeries;
  private span: Span | null = null;
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

  look = (span: Span | null): void => {
    if (sameSpan(span, this.span)) return;
    this.span = span;
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
    this.span = null;
    this.series = this.series.renewed();
  }

  private loadLater(ms: number): void {
    this.cancelLoad();
    if (this.listeners.size > 0) this.cancelLoad = this.host.world.later(ms, () => void this.load());
  }

  private async load(): Promise<void> {
    this.cancelLoad();
    const { series } = this;
    const number = series.begin();
    const span = this.span && withRoom(this.span);
    const position = this.host.moment()?.position ?? null;
    try {
      const answer = await this.host.api.bars(this.symbol, { span, position });
      series.load(answer, number, span?.to ?? null);
    } catch (error) {
      this.host.world.warn(String(error));
      if (series.fail(number) && series === this.series) this.loadLater(RETRY_MS);
    }
    this.tell();
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
