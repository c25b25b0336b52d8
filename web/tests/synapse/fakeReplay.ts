import type { ReplayCommand, ReplayStatus } from "../../src/synapse/generated";
import type { FakeSocket } from "../fakeWorld";
import { event } from "../samples";
import { STATE } from "../state";

const AT = "2018-01-01T00:00:00.000000Z";
const DAY_MS = 86_400_000;

/** Market time of a position: a day each. */
export const timeOf = (position: number): string =>
  new Date(Date.parse("2018-01-01T21:00:00Z") + position * DAY_MS).toISOString().replace("Z", "000Z");

/** The price of SPX right after a position is that position. */
export const priceAt = (position: number) =>
  event("price_update", { price: `${position}`, timestamp: timeOf(position) }, { position });

export const stateAt = (position: number) => {
  const { SPX } = STATE.symbols;
  return { ...STATE, position, state_hash: `h${position}`, symbols: { SPX: { ...SPX, price: `${position}` } } };
};

const sameRate = (speed: unknown): boolean =>
  typeof speed === "object" && (speed as { events_per_s: number }).events_per_s < 1;

/** The other end of `/ws/replay`, over a log of prices: it takes commands and speaks when the test says so. */
export class FakeReplay {
  position = 0;
  end = 0;
  paused = false;
  started = false;
  speed: unknown = 1;
  readonly taken: ReplayCommand[] = [];
  private read = 0;
  private readonly outbox: unknown[] = [];

  constructor(
    readonly socket: FakeSocket,
    public head: number,
  ) {}

  get status(): ReplayStatus {
    if (this.position >= this.end) return "finished";
    return this.paused ? "paused" : "playing";
  }

  /** Carries out the next command; false when there is none. */
  take(): boolean {
    const command = this.socket.sent[this.read] as ReplayCommand | undefined;
    if (!command) return false;
    this.read += 1;
    this.taken.push(command);
    this.carryOut(command);
    return true;
  }

  /** Plays one event, if it plays at a speed at which any comes. */
  play(): void {
    if (!this.started || this.status !== "playing" || sameRate(this.speed)) return;
    this.send();
    if (this.position >= this.end) this.say(null);
  }

  /** Says where it stands, as it does every 0.9 seconds. */
  beat(): void {
    if (this.started && this.status === "playing") this.say(null);
  }

  /** Lets one message arrive; false when there is none. */
  deliver(): boolean {
    if (this.outbox.length === 0) return false;
    this.socket.say(this.outbox.shift());
    return true;
  }

  /** Everything that was asked for is carried out and has arrived. */
  settle(): void {
    while (this.take() || this.deliver());
  }

  private carryOut(command: ReplayCommand): void {
    const { msg_id: id } = command;
    switch (command.type) {
      case "replay_start":
        this.started = true;
        this.paused = false;
        this.end = Math.min(this.head, (command.payload.before ?? Infinity) - 1);
        this.speed = command.payload.speed;
        return this.land(id, 0);
      case "replay_seek": {
        const to = command.payload.position ?? 0;
        return to > this.end ? this.refuse(id, "outside_replay") : this.land(id, to);
      }
      case "replay_next_shift":
      case "replay_previous_shift":
        return this.refuse(id, "no_shift");
      case "replay_step":
        this.paused = true;
        for (let left = command.payload.events ?? 1; left > 0 && this.position < this.end; left -= 1) this.send();
        break;
      case "replay_pause":
        this.paused = true;
        break;
      case "replay_resume":
        this.paused = false;
        break;
      case "replay_speed":
        this.speed = command.payload.speed;
        break;
    }
    this.say(id);
  }

  private send(): void {
    this.position += 1;
    this.outbox.push(priceAt(this.position));
  }

  private land(id: string, position: number): void {
    this.position = position;
    this.say(id);
    const payload = { request_msg_id: id, position, state_hash: `h${position}`, state: stateAt(position) };
    this.control("replay_snapshot", payload);
  }

  private say(id: string | null): void {
    const { status, position, end, speed } = this;
    const clock = position === 0 ? null : timeOf(position);
    this.control("replay_state", { request_msg_id: id, status, clock, position, begin: 0, end, speed });
  }

  refuse(id: string, code: string, severity = "business_logic_error"): void {
    const payload = { severity, code, message: `no: ${code}`, request_msg_id: id, details: [] };
    this.control("error", payload);
  }

  private control(type: string, payload: object): void {
    this.outbox.push({ msg_id: "x", timestamp: AT, direction: "s2c", type, payload });
  }
}
