import { stateHashAt } from "./stateHash";
import type { PastHost } from "./pastHost";

/** A moment's hash is asked for when it has stood for so long. */
export const HASH_AFTER_MS = 300;

/** The hash of the moment that is shown: what came with it, or what the recorder says when it stands. */
export class MomentHash {
  private known: { position: number; value: string } | null = null;
  private standing: number | null = null;
  private cancel = () => {};

  constructor(
    private readonly host: PastHost,
    private readonly onFound: () => void,
  ) {}

  at(position: number): string | null {
    return this.known?.position === position ? this.known.value : null;
  }

  set(position: number, value: string): void {
    this.known = { position, value };
  }

  /** The machine stands at a position; null: it plays or is on its way. */
  stand(position: number | null): void {
    if (position === this.standing) return;
    this.standing = position;
    this.cancel();
    if (position === null || this.at(position) !== null) return;
    this.cancel = this.host.world.later(HASH_AFTER_MS, () => void this.ask(position));
  }

  private async ask(position: number): Promise<void> {
    try {
      const value = await stateHashAt(this.host.api, position);
      if (this.standing !== position) return;
      this.set(position, value);
      this.onFound();
    } catch (error) {
      this.host.world.warn(String(error));
    }
  }
}
