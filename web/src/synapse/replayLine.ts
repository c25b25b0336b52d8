import { Comeback } from "./comeback";
import { refusal } from "./connection";
import { parseFrame } from "./decode";
import {
  isReplayControl,
  isServerControl,
  isServerEvent,
  type ReplayCommandPayloads,
  type ReplayControl,
  type ServerControl,
  type ServerEvent,
  type ShutdownPayload,
} from "./generated";
import { type ClientWorld, hangUp, type SocketLike } from "./world";

export const OPENING_MS = 10_000;
/** A silent line is asked for a sign of life after so long, and given up when none comes. */
export const PING_AFTER_MS = 10_000;
export const PONG_MS = 5_000;
/** While it plays, the recorder says where it stands at least once a second. */
export const PLAYING_SILENCE_MS = 5_000;
/** A jump waits for the state there, and for the jumps of others. */
export const JUMP_SILENCE_MS = 20_000;

interface Sent extends ReplayCommandPayloads {
  ping: Readonly<Record<string, never>>;
}

/** What a line tells. */
export interface LineListener {
  onOpen(): void;
  onEvent(event: ServerEvent): void;
  onControl(message: ReplayControl | ServerControl): void;
  /** It dropped and is opened again by itself, or, with `forGood`, is not. */
  onLost(words: string, forGood: boolean): void;
  /** What it is doing, for what silence is to be borne. */
  activity(): "jumping" | "playing" | "still";
}

/** A socket to the time machine that comes back by itself, and notices a server that froze. */
export class ReplayLine {
  private readonly comeback: Comeback;
  private socket: SocketLike | null = null;
  private isOpen = false;
  private isOver = false;
  private pinged = false;
  private watchedAt = 0;
  private cancelWatchdog = () => {};

  constructor(
    private readonly world: ClientWorld,
    private readonly listener: LineListener,
  ) {
    this.comeback = new Comeback(world);
  }

  connect(): void {
    this.close();
    const socket = this.world.openReplay();
    this.socket = socket;
    socket.onopen = () => {
      this.isOpen = true;
      this.watch();
      this.listener.onOpen();
    };
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = ({ code, reason }) => this.closed(code, reason);
    this.watch();
  }

  close(): void {
    this.comeback.cancel();
    this.cancelWatchdog();
    hangUp(this.socket);
    this.socket = null;
    this.isOpen = this.pinged = false;
  }

  /** No reason to wait any longer. */
  wake(): void {
    if (!this.socket && !this.isOver) this.connect();
  }

  /** It works: the next time that it drops, it comes back soon. */
  settle(): void {
    this.comeback.settle();
  }

  /** The server goes away and says when to come back. */
  comeBackAfter({ reconnect_after_s }: ShutdownPayload): void {
    this.comeback.askedMs = reconnect_after_s * 1000;
  }

  /** Sends a command and answers its id. */
  send<T extends keyof Sent>(type: T, payload: Sent[T]): string {
    const timestamp = new Date(this.world.now()).toISOString();
    const message = { msg_id: this.world.newId(), type, payload, direction: "c2s", timestamp };
    this.socket?.send(JSON.stringify(message));
    this.watch();
    return message.msg_id;
  }

  retryLater(words: string): void {
    this.close();
    this.comeback.later(() => this.connect());
    this.listener.onLost(words, false);
  }

  refuse(words: string): void {
    this.isOver = true;
    this.close();
    this.listener.onLost(words, true);
  }

  private receive(data: unknown): void {
    this.pinged = false;
    const message = parseFrame(data);
    if (isServerEvent(message)) this.listener.onEvent(message);
    else if (isReplayControl(message) || isServerControl(message)) this.listener.onControl(message);
    if (this.socket) this.watch();
  }

  private closed(code: number, reason: string): void {
    const refused = refusal(code, reason);
    if (refused) this.refuse(refused);
    else this.retryLater("The line to the past dropped. It is opened again.");
  }

  private watch(): void {
    this.watchedAt = this.world.now();
    this.wait(this.patienceMs());
  }

  private wait(ms: number): void {
    this.cancelWatchdog();
    this.cancelWatchdog = this.world.later(ms, () => this.fellSilent());
  }

  private patienceMs(): number {
    if (!this.isOpen) return OPENING_MS;
    const activity = this.listener.activity();
    if (activity === "jumping") return JUMP_SILENCE_MS;
    if (activity === "playing") return PLAYING_SILENCE_MS;
    return this.pinged ? PONG_MS : PING_AFTER_MS;
  }

  private fellSilent(): void {
    // What it is doing may be another thing by now, for which it has longer.
    const leftMs = this.watchedAt + this.patienceMs() - this.world.now();
    if (leftMs > 0) return this.wait(leftMs);
    if (this.isOpen && !this.pinged && this.listener.activity() === "still") {
      this.pinged = true;
      this.send("ping", {});
    } else {
      this.retryLater("The recorder fell silent. A new line is opened.");
    }
    return undefined;
  }
}
