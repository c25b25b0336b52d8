import type { ClientWorld } from "./world";

/** Tells when nothing has come for too long. */
export class Silence {
  private stop = () => {};

  /** `ms`: how long is too long. */
  constructor(
    private readonly world: ClientWorld,
    private readonly onFell: () => void,
    public ms: number,
  ) {}

  /** Something came, or is to come: it counts from now. */
  watch(ms: number = this.ms): void {
    this.end();
    this.stop = this.world.later(ms, this.onFell);
  }

  end(): void {
    this.stop();
  }
}
