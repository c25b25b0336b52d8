import type { BarFeed, Newest } from "./barFeed";
import { type BarsSnapshot, NO_BARS } from "./bars";
import type { Shelf } from "./shelf";
import type { Stretch } from "./span";

/** A feed that can be asked for before what reads it is loaded: one a symbol, the same for ever. */
export class LateFeed implements BarFeed {
  private feed: BarFeed | null = null;
  private stretch: Stretch | null = null;

  constructor(
    readonly symbol: string,
    private readonly openShelf: () => Promise<Shelf>,
  ) {}

  read = (): BarsSnapshot => this.feed?.read() ?? NO_BARS;

  newest = (): Newest | null => this.feed?.newest() ?? null;

  moves = (): number => this.feed?.moves() ?? 0;

  busy = (): boolean => this.feed?.busy() ?? true;

  look = (stretch: Stretch | null): void => {
    this.stretch = stretch;
    this.feed?.look(stretch);
  };

  subscribe = (listener: () => void): (() => void) => {
    let release: (() => void) | null = null;
    let isWanted = true;
    const ready = (shelf: Shelf): void => {
      if (!isWanted) return;
      this.feed = shelf.feeds.of(this.symbol);
      this.feed.look(this.stretch);
      release = this.feed.subscribe(listener);
    };
    this.openShelf().then(ready, () => {});
    return () => {
      isWanted = false;
      release?.();
    };
  };
}
