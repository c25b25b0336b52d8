import type { Speed } from "./machine";
import type { PastHost } from "./pastHost";
import { Place } from "./place";
import { ReplayClient } from "./replayClient";
import type { ReplayListener } from "./replayStart";

/** The way into the past: open from the first wish on, with a replay as soon as it is known where to. */
export class Door {
  client: ReplayClient | null = null;
  /** Whether the replay plays once it is there. */
  plays = false;
  private from: ReturnType<PastHost["present"]> | null = null;

  constructor(
    private readonly host: PastHost,
    private readonly listener: ReplayListener,
  ) {}

  get isOpen(): boolean {
    return this.from !== null;
  }

  /** Where the replay stands; until there is one, where live was when the door was opened. */
  get place(): Place {
    return this.client?.place ?? new Place(this.from?.position ?? 0);
  }

  /** Whether it stands at its end and the log has grown since. */
  get outgrown(): boolean {
    const { client } = this;
    if (!client || client.jumping || client.place.status !== "finished") return false;
    return client.place.position < this.host.present().position;
  }

  open(): void {
    this.from ??= this.host.present();
  }

  /** Goes right after a position; `speed` is that of a replay that has to be opened. */
  go(position: number, speed: Speed): ReplayClient {
    const present = this.host.present();
    const before = this.client;
    if (before && !before.refused) {
      before.seek(position, present.position);
      return before;
    }
    const { epoch } = this.from ?? present;
    const { world } = this.host;
    const from = this.place.position;
    const channels = this.host.channels();
    const client = new ReplayClient(world, this.listener, epoch, from, speed, channels);
    this.client = client;
    client.open(position);
    if (this.plays) client.play();
    return client;
  }

  close(): void {
    this.client?.close();
    this.from = this.client = null;
    this.plays = false;
  }
}
