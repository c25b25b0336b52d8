import type { ServerEvent } from "./generated";
import { DEFAULT_SPEED, type Speed } from "./machine";
import type { PastHost } from "./pastHost";
import { quietSpeed, type Rhythm, rhythmOf, sameSpeed } from "./quiet";

interface Skip {
  readonly symbol: string;
  rhythm: Rhythm | null;
  /** The symbol's own market time: another one may be played years ahead of it. */
  clock: string | null;
}

/** How fast the time machine is to run: as was chosen, or faster where a symbol is calm. */
export class Pace {
  chosen: Speed = DEFAULT_SPEED;
  private skip: Skip | null = null;

  constructor(
    private readonly host: PastHost,
    private readonly onLearned: () => void,
  ) {}

  get skips(): boolean {
    return this.skip !== null;
  }

  setSkip(symbol: string | null): void {
    this.skip = symbol === null ? null : { symbol, rhythm: null, clock: null };
    if (this.skip) void this.learn(this.skip);
  }

  /** Takes note of an event of the moment that is shown. */
  follow(event: ServerEvent): void {
    if (this.skip && "symbol" in event.payload && event.payload.symbol === this.skip.symbol) {
      this.skip.clock = event.occurred_at;
    }
  }

  /** Another moment: it hurries only when it knows where the symbol is. */
  jump(): void {
    if (this.skip) this.skip.clock = null;
  }

  get speed(): Speed {
    const { rhythm, clock } = this.skip ?? {};
    if (!rhythm || !clock) return this.chosen;
    return quietSpeed(Date.parse(clock) / 1000, rhythm.shifts, rhythm.usualBarS, this.chosen);
  }

  get hurries(): boolean {
    return !sameSpeed(this.speed, this.chosen);
  }

  private async learn(skip: Skip): Promise<void> {
    try {
      skip.rhythm = rhythmOf(await this.host.episodes(skip.symbol));
      this.onLearned();
    } catch (error) {
      this.host.world.warn(String(error));
    }
  }
}
