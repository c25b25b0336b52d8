import type {
  Channel,
  ErrorPayload,
  ReplayControl,
  ReplaySnapshotPayload,
  ReplayStatePayload,
  ServerControl,
  ServerEvent,
} from "./generated";
import { Jumps } from "./jumps";
import type { Speed } from "./machine";
import { Place } from "./place";
import { sameSpeed } from "./quiet";
import { type LineListener, ReplayLine } from "./replayLine";
import { type ReplayListener, startOf } from "./replayStart";
import { Steps } from "./steps";
import type { ClientWorld } from "./world";

/**
 * One replay. What it hands on is always one state and the events right after it, without a hole:
 * nothing of a jump that another one has overtaken is shown.
 */
export class ReplayClient implements LineListener {
  readonly place: Place;
  problem: string | null = null;
  /** Whether it is over for good. */
  refused = false;
  private readonly line: ReplayLine;
  private readonly jumps = new Jumps();
  private readonly steps = new Steps();
  private ready = false;
  private plays = false;
  private startId = "";

  /** `position`: what is shown until the first state comes. */
  constructor(
    world: ClientWorld,
    private readonly listener: ReplayListener,
    private readonly epoch: string | null,
    position: number,
    private speed: Speed,
    private readonly channels: readonly Channel[],
  ) {
    this.place = new Place(position);
    this.line = new ReplayLine(world, this);
  }

  /** Whether it is on its way to another place than the one that is shown. */
  get jumping(): boolean {
    return !this.ready || this.jumps.pending;
  }

  /** Where it will stand, as far as it is known. */
  get target(): number {
    return this.place.within(this.jumps.position ?? this.place.position);
  }

  open(to: number): void {
    this.jumps.want({ to });
    this.line.connect();
  }

  close = (): void => this.line.close();
  wake = (): void => this.line.wake();

  /** Goes right after a position; `head` is the log's, which may have grown since the start. */
  seek(to: number, head: number): void {
    const end = this.place.end ?? head;
    if (!this.ready || to <= end || head <= end) return this.jump(to);
    this.jumps.want({ to });
    this.begin(null);
  }

  /** Goes to where `to` says, on which everything that was wanted before is forgotten. */
  jump(to: number | "replay_next_shift" | "replay_previous_shift"): void {
    // A shift is looked for from where it stands, which is nowhere yet.
    if (!this.ready && typeof to !== "number") return;
    this.steps.forget();
    this.problem = null;
    this.jumps.want({ to });
    this.pump();
  }

  step(events: number): void {
    this.plays = false;
    this.problem = null;
    this.steps.want(events);
    this.pump();
  }

  play(): void {
    if (this.place.status === "finished" && !this.jumping) return;
    this.plays = true;
    if (this.ready) this.line.send("replay_resume", {});
  }

  pause(): void {
    this.plays = false;
    if (this.ready) this.line.send("replay_pause", {});
  }

  setSpeed(speed: Speed): void {
    if (sameSpeed(speed, this.speed)) return;
    this.speed = speed;
    if (this.ready) this.line.send("replay_speed", { speed });
  }

  activity(): "jumping" | "playing" | "still" {
    if (this.jumping || this.steps.pending) return "jumping";
    return this.place.status === "playing" ? "playing" : "still";
  }

  onOpen(): void {
    this.begin(this.place.end);
  }

  onLost(words: string, forGood: boolean): void {
    this.jumps.again(this.place.position);
    this.ready = false;
    this.problem = words;
    this.refused = forGood;
    this.listener.onChange();
  }

  onEvent(event: ServerEvent): void {
    if (!this.jumps.followed || !this.place.take(event)) return;
    this.listener.onEvent(event);
    this.listener.onChange();
  }

  onControl(message: ReplayControl | ServerControl): void {
    if (message.type === "replay_state") this.stood(message.payload);
    else if (message.type === "replay_snapshot") this.landed(message.payload);
    else if (message.type === "error") this.failed(message.payload);
    else if (message.type === "shutdown") this.line.comeBackAfter(message.payload);
    this.pump();
    this.listener.onChange();
  }

  /** `end`: null for the head as it is now. */
  private begin(end: number | null): void {
    this.jumps.again(this.place.position);
    this.steps.reset();
    this.ready = false;
    this.startId = this.line.send("replay_start", startOf(this.channels, this.epoch, end));
  }

  private begun(state: ReplayStatePayload): void {
    this.ready = true;
    this.place.end = state.end;
    this.line.send("replay_pause", {});
    this.line.send("replay_speed", { speed: this.speed });
    this.pump();
    if (this.plays) this.line.send("replay_resume", {});
  }

  /** Sends what comes next: one jump at a time, and one step. */
  private pump(): void {
    if (!this.ready) return;
    this.jumps.pump(({ to }) => {
      if (typeof to !== "number") return this.line.send(to, {});
      return this.line.send("replay_seek", { position: this.place.within(to) });
    });
    if (!this.jumps.pending) this.steps.pump((events) => this.line.send("replay_step", { events }));
  }

  private stood(state: ReplayStatePayload): void {
    const id = state.request_msg_id;
    if (id === this.startId) return this.begun(state);
    this.steps.answered(id);
    if (!this.jumps.answered(state) && this.jumps.followed) this.note(state);
  }

  private landed(snapshot: ReplaySnapshotPayload): void {
    const landing = this.jumps.landed(snapshot);
    if (!landing) return;
    if (!landing.isHome) this.problem = null;
    this.line.settle();
    this.place.position = snapshot.position;
    this.note(landing.state);
    this.listener.onLanded(snapshot);
  }

  private note(state: ReplayStatePayload): void {
    this.place.note(state);
    if (state.status === "finished" && this.plays) this.pause();
  }

  private failed(error: ErrorPayload): void {
    const { message, request_msg_id: id } = error;
    this.problem = message;
    this.steps.answered(id);
    if (id === this.startId) {
      if (error.severity === "system_error") this.line.retryLater(message);
      else this.line.refuse(message);
    } else if (this.jumps.refused(id, this.place.position) === "lost") {
      this.line.refuse(message);
    }
  }
}
