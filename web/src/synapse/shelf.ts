import { BarFeeds } from "./barFeed";
import { EpisodeBook } from "./episodeBook";
import { ExplanationBook } from "./explanationBook";
import type { ServerEvent } from "./generated";
import { LaneBook } from "./laneBook";
import { MarkBook } from "./markBook";
import type { ShelfHost } from "./shelfHost";

/** What is read beside the stream: loaded while the first picture is drawn, not before. */
export class Shelf {
  readonly feeds: BarFeeds;
  readonly episodes: EpisodeBook;
  readonly explanations: ExplanationBook;
  readonly lanes: LaneBook;
  readonly marks: MarkBook;

  constructor(private readonly host: ShelfHost) {
    this.feeds = new BarFeeds(host);
    this.episodes = new EpisodeBook(host);
    this.explanations = new ExplanationBook(host);
    this.lanes = new LaneBook(host);
    this.marks = new MarkBook(host);
  }

  /** A live event. */
  apply(event: ServerEvent): void {
    this.episodes.apply(event);
    this.marks.apply(event);
    if (!this.host.moment()) this.feeds.apply(event);
  }

  /** An event of the moment of the past that is shown. */
  replay(event: ServerEvent): void {
    this.marks.apply(event);
    this.feeds.apply(event);
  }

  /** Another moment is shown, or live again. */
  move(): void {
    this.feeds.move();
    this.explanations.move();
    this.marks.move();
  }

  /** The log is another one. */
  startOver(): void {
    this.feeds.reload();
    this.episodes.startOver();
    this.explanations.startOver();
    this.lanes.startOver();
    this.marks.startOver();
  }
}
