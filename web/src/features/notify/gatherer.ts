import type { News } from "./news";

/** How long news is gathered before it is told: what belongs together comes together. */
export const GATHER_MS = 200;
/** At most so often is anything told. */
export const TELL_EVERY_MS = 1_000;

export interface GathererWorld {
  now(): number;
  later(ms: number, run: () => void): () => void;
}

/** Gathers news, of each symbol the newest shift and the newest alert, and tells it at most once a second. */
export class Gatherer {
  private readonly waiting = new Map<string, News>();
  private toldAt = Number.NEGATIVE_INFINITY;
  private cancel: (() => void) | null = null;

  constructor(private readonly world: GathererWorld) {}

  /** Whom it is told. */
  tell: (news: readonly News[]) => void = () => {};

  add(news: News): void {
    this.waiting.set(`${news.kind} ${news.symbol}`, news);
    if (this.cancel) return;
    const wait = Math.max(GATHER_MS, this.toldAt + TELL_EVERY_MS - this.world.now());
    this.cancel = this.world.later(wait, () => this.flush());
  }

  /** Forgets what was not told yet. */
  stop(): void {
    this.cancel?.();
    this.cancel = null;
    this.waiting.clear();
  }

  private flush(): void {
    const news = [...this.waiting.values()];
    this.stop();
    this.toldAt = this.world.now();
    this.tell(news);
  }
}
