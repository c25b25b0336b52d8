import type { BarFeed } from "./barFeed";
import { type BarsSnapshot, NO_BARS } from "./bars";
import type { Shelf } from "./shelf";
import type { Span } from "./span";

/** A feed that can be asked for before what reads it is loaded: one a symbol, the same for ever. */
export class LateFeed implements BarFeed {
  private feed: BarFeed | null = null;
  private span: Span | null = null;

  constructor(
    readonly symbol: string,
    private readonly openShelf: () => Promise<Shelf>,
  ) {}

  read = (): BarsSnapshot => this.feed?.read() ?? NO_BARS;

  look = (span: Span | null): void => {
    this.span = span;
    this.feed?.look(span);
  };

  subscribe = (listener: () => void): (() => void) => {
    let release: (() => void) | null = null;
    let isWanted = true;
    const ready = (shelf: Shelf): void => {
      if (!isWanted) return;
      this.feed = shelf.feeds.of(this.symbol);
      this.feed.look(this.span);
      release = this.feed.subscribe(listener);
    };
    this.openShelf().then(ready, () => {});
    return () => {
      isWanted = false;
      release?.();
    };
  };
}
