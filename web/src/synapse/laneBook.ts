import { Refusal, withQuery } from "./api";
import { RETRY_MS } from "./backoff";
import { type Episode, parseEpisodes } from "./episodes";
import { type Lane, parseLanes } from "./lanes";
import type { ShelfHost } from "./shelfHost";

/** A lane is a file that may grow: it is looked at so often. */
export const LANES_EVERY_MS = 60_000;

const NONE: readonly Lane[] = [];

interface Line {
  readonly name: string;
  readonly symbol: string;
  /** Which state of the lane was read last; null: none so far. */
  read: string | null;
  episodes: readonly Episode[] | null;
}

/** The recorder's lanes, and their episodes of the symbols that somebody asked for. */
export class LaneBook {
  private lanes: readonly Lane[] | null = null;
  private readonly lines = new Map<string, Line>();
  private watchers = 0;
  private asking = false;
  private cancel = () => {};

  constructor(private readonly host: ShelfHost) {}

  /** Null while it is not known which there are. */
  all(): readonly Lane[] | null {
    return this.lanes;
  }

  /** A lane's episodes of a symbol, oldest first; null while they are not known. */
  episodes(name: string, symbol: string): readonly Episode[] | null {
    return this.lines.get(keyOf(name, symbol))?.episodes ?? null;
  }

  /** Looks which lanes there are, again and again until the answer is called. */
  watch(): () => void {
    this.watchers += 1;
    if (this.watchers === 1) void this.look();
    return () => {
      this.watchers -= 1;
      if (this.watchers === 0) this.cancel();
    };
  }

  /** Reads a lane's episodes of a symbol, and again whenever the lane has grown. */
  want(name: string, symbol: string): void {
    const key = keyOf(name, symbol);
    if (this.lines.has(key)) return;
    this.lines.set(key, { name, symbol, read: null, episodes: null });
    void this.readLines();
  }

  /** The recorder's log is another one, so it was started again. */
  startOver(): void {
    if (this.watchers > 0) void this.look();
  }

  private async look(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    this.cancel();
    let isSound = true;
    try {
      this.become(await this.host.api.read("api/lanes", parseLanes));
    } catch (error) {
      // An older recorder has no lanes, and not everybody may see them.
      if (error instanceof Refusal && [403, 404].includes(error.status)) this.become(NONE);
      else isSound = this.fail(error);
    } finally {
      this.asking = false;
    }
    isSound = (await this.readLines()) && isSound;
    const isDone = isSound && this.lanes?.length === 0;
    if (isDone || this.watchers === 0) return;
    this.lookAgain(isSound ? LANES_EVERY_MS : RETRY_MS);
  }

  private lookAgain(ms: number): void {
    this.cancel();
    this.cancel = this.host.world.later(ms, () => void this.look());
  }

  /** Whether all went well. */
  private async readLines(): Promise<boolean> {
    const read = await Promise.all([...this.lines.values()].map((line) => this.readLine(line)));
    const isSound = read.every(Boolean);
    if (!isSound && this.watchers > 0) this.lookAgain(RETRY_MS);
    return isSound;
  }

  private async readLine(line: Line): Promise<boolean> {
    const lane = this.lanes?.find(({ name }) => name === line.name);
    const newest = lane && !lane.problem ? `${lane.epoch} ${lane.head}` : null;
    if (newest === null || line.read === newest) return true;
    const before = line.read;
    line.read = newest;
    try {
      const path = withQuery(`api/lanes/${line.name}/episodes`, { symbol: line.symbol });
      line.episodes = (await this.host.api.read(path, parseEpisodes)).episodes;
      this.host.onChange();
      return true;
    } catch (error) {
      line.read = before;
      return this.fail(error);
    }
  }

  private become(lanes: readonly Lane[]): void {
    // The same list for as long as nothing has changed.
    if (JSON.stringify(lanes) === JSON.stringify(this.lanes)) return;
    this.lanes = lanes;
    this.host.onChange();
  }

  private fail(error: unknown): false {
    this.host.world.warn(String(error));
    return false;
  }
}

const keyOf = (name: string, symbol: string): string => `${name} ${symbol}`;
