import type { ReplaySnapshotPayload, ReplayStatePayload } from "./generated";

/** Where to: right after a position, or to a shift of any symbol. `isHome`: back to what is shown. */
export interface Jump {
  readonly to: number | "replay_next_shift" | "replay_previous_shift";
  readonly isHome?: boolean;
}

interface Flying extends Jump {
  readonly id: string;
  landing: ReplayStatePayload | null;
}

/** The jumps of one replay: of many that are wanted only the newest is sent, one at a time. */
export class Jumps {
  /** Whether the server stands elsewhere than what is shown. */
  astray = true;
  private wanted: Jump | null = null;
  private flying: Flying | null = null;

  get pending(): boolean {
    return this.wanted !== null || this.flying !== null;
  }

  /** Whether an event that comes now follows what is shown. */
  get followed(): boolean {
    return !this.astray && !this.flying?.landing;
  }

  /** The position that is gone to; null where it is not known or there is none. */
  get position(): number | null {
    const to = this.wanted?.to ?? this.flying?.to;
    return typeof to === "number" ? to : null;
  }

  want(jump: Jump): void {
    this.wanted = jump;
  }

  /** What is to be sent now, by `send`, which answers the message's id. */
  pump(send: (jump: Jump) => string): void {
    const { wanted } = this;
    if (!wanted || this.flying) return;
    this.wanted = null;
    this.flying = { ...wanted, id: send(wanted), landing: null };
  }

  /** Takes the state that answers a jump; whether it was one. */
  answered(state: ReplayStatePayload): boolean {
    const { flying } = this;
    if (!flying || state.request_msg_id !== flying.id) return false;
    flying.landing = state;
    if (this.wanted) this.overtaken();
    return true;
  }

  /** Takes a snapshot: the state that came before it, if this is where to be. */
  landed(snapshot: ReplaySnapshotPayload): { state: ReplayStatePayload; isHome: boolean } | null {
    const { flying } = this;
    if (!flying?.landing || snapshot.request_msg_id !== flying.id) return null;
    if (this.wanted) {
      this.overtaken();
      return null;
    }
    this.flying = null;
    this.astray = false;
    return { state: flying.landing, isHome: flying.isHome === true };
  }

  /** The server did not carry a command out: it stands where it stood. `lost`: nor can it come back. */
  refused(id: string | null, shown: number): "another" | "jump" | "lost" {
    const { flying } = this;
    if (!flying || id !== flying.id) return "another";
    this.flying = null;
    if (this.wanted || !this.astray) return "jump";
    if (flying.isHome) return "lost";
    this.wanted = { to: shown, isHome: true };
    return "jump";
  }

  /** Another start: what was on its way is on its way again, or the way is back to what is shown. */
  again(shown: number): void {
    this.wanted = { to: this.position ?? shown };
    this.flying = null;
    this.astray = true;
  }

  private overtaken(): void {
    this.flying = null;
    this.astray = true;
  }
}
