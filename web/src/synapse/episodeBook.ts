import { Refusal, withQuery } from "./api";
import { RETRY_MS } from "./backoff";
import { type Episode, type EpisodesResponse, parseEpisodes } from "./episodes";
import type { ServerEvent, ServerEventOf } from "./generated";
import type { ShelfHost } from "./shelfHost";

/** The newest that are read: an answer with more takes the longer the more there are. */
const EPISODES_READ = 1_000;
const NONE: readonly Episode[] = [];

interface Chapter {
  episodes: readonly Episode[];
  /** All up to here is in them; null while they are read. */
  head: number | null;
  reading: Promise<readonly Episode[]> | null;
  /** What happened while they were read. */
  waiting: ServerEventOf<"regime_update">[];
}

/** The episodes of the symbols that somebody asked for: the newest, and what live adds to them. */
export class EpisodeBook {
  private readonly chapters = new Map<string, Chapter>();

  constructor(private readonly host: ShelfHost) {}

  read(symbol: string | null): readonly Episode[] {
    return (symbol !== null && this.chapters.get(symbol)?.episodes) || NONE;
  }

  /** Reads a symbol's episodes unless they are known; tries again until they are. */
  want(symbol: string): void {
    if (this.chapters.has(symbol)) return;
    this.load(symbol).catch((error: unknown) => {
      this.host.world.warn(String(error));
      // Not in the token: another one loads the page anew.
      if (error instanceof Refusal && error.status === 403) return;
      const chapter = this.chapters.get(symbol);
      this.host.world.later(RETRY_MS, () => {
        if (chapter && this.chapters.get(symbol) === chapter) {
          this.chapters.delete(symbol);
          this.want(symbol);
        }
      });
    });
  }

  /** A symbol's episodes, once they are known; fails when they cannot be read. */
  async load(symbol: string): Promise<readonly Episode[]> {
    const chapter = this.chapters.get(symbol) ?? {
      episodes: NONE,
      head: null,
      reading: null,
      waiting: [],
    };
    this.chapters.set(symbol, chapter);
    if (chapter.head !== null) return chapter.episodes;
    chapter.reading ??= this.fill(symbol, chapter);
    return chapter.reading;
  }

  /** A live event. */
  apply(event: ServerEvent): void {
    if (event.type !== "regime_update" || event.payload.provisional) return;
    const chapter = this.chapters.get(event.payload.symbol);
    if (!chapter) return;
    if (chapter.head === null) chapter.waiting.push(event);
    else this.extend(chapter, event);
  }

  /** The log is another one. */
  startOver(): void {
    const symbols = [...this.chapters.keys()];
    this.chapters.clear();
    for (const symbol of symbols) this.want(symbol);
    this.host.onChange();
  }

  private async fill(symbol: string, chapter: Chapter): Promise<readonly Episode[]> {
    try {
      const path = withQuery("api/episodes", { symbol, limit: EPISODES_READ });
      const answer: EpisodesResponse = await this.host.api.read(path, parseEpisodes);
      chapter.episodes = answer.episodes;
      chapter.head = answer.position;
      for (const event of chapter.waiting.splice(0)) this.extend(chapter, event);
      this.host.onChange();
      return chapter.episodes;
    } finally {
      chapter.reading = null;
    }
  }

  private extend(chapter: Chapter, event: ServerEventOf<"regime_update">): void {
    if (chapter.head === null || event.position <= chapter.head) return;
    chapter.head = event.position;
    const last = chapter.episodes.at(-1);
    if (last?.regime === event.payload.regime) return;
    const price = this.host.price(event.payload.symbol);
    const before = chapter.episodes.slice(0, -1);
    const ended = last ? [...before, endedBy(last, event.payload.timestamp, price)] : [];
    chapter.episodes = [...ended, begunBy(event, price)];
    this.host.onChange();
  }
}

function endedBy(episode: Episode, end: string, price: string | null): Episode {
  const { start_price: from } = episode;
  const whole = from && price && Number(from) > 0 ? Number(price) / Number(from) - 1 : null;
  return { ...episode, end, end_price: price, return: whole };
}

function begunBy(
  { payload, position, source }: ServerEventOf<"regime_update">,
  price: string | null,
): Episode {
  return {
    symbol: payload.symbol,
    regime: payload.regime,
    previous_regime: payload.previous_regime,
    position,
    start: payload.timestamp,
    end: null,
    start_price: price,
    end_price: price,
    bars: 1,
    return: null,
    maximum_drawdown: null,
    mean_confidence: payload.confidence,
    source,
  };
}
