import { backoffMs } from "./backoff";
import type { ClientWorld } from "./world";

/** When a line that dropped is opened again: after a while, each time a longer one. */
export class Comeback {
  /** How long the recorder said that it will be away; for the next time only. */
  askedMs: number | null = null;
  private attempt = 0;
  private stop = () => {};

  constructor(private readonly world: ClientWorld) {}

  /** Opens it later; answers when. */
  later(open: () => void): number {
    const delayMs = this.askedMs ?? backoffMs(this.attempt, this.world.random());
    this.askedMs = null;
    this.attempt += 1;
    this.cancel();
    this.stop = this.world.later(delayMs, open);
    return this.world.now() + delayMs;
  }

  cancel(): void {
    this.stop();
  }

  /** The line works: the next time that it drops, it comes back soon. */
  settle(): void {
    this.attempt = 0;
  }
}
