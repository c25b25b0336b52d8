import { backoffMs } from "./backoff";
import { type Connection, refusal } from "./connection";
import { Cursor } from "./cursor";
import { decode } from "./decode";
import {
  CHANNEL_VALUES,
  type ErrorPayload,
  PROTOCOL_VERSION,
  type ServerControl,
  type SubscriptionConfirmedPayload,
} from "./generated";
import { MessageFactory } from "./messageFactory";
import type { ClientListener, ClientWorld, SocketLike } from "./world";

export const HISTORY_LAST = 50;
export const OPENING_MS_MAX = 10_000;
export const SILENT_HEARTBEATS = 2.5;
export const DOUBT_MS_MAX = 3_000;
const START_OVER = new Set(["epoch_mismatch", "position_beyond_head"]);

/** One socket to the recorder, for as long as the tab lives: it resumes from its cursor. */
export class SynapseClient {
  readonly cursor = new Cursor();
  connection: Connection = { name: "connecting" };
  lastMessageAt: number | null = null;
  invalid = 0;
  problem: string | null = null;
  private readonly factory: MessageFactory;
  private socket: SocketLike | null = null;
  private attempt = 0;
  private silenceMs = OPENING_MS_MAX;
  private askedDelayMs: number | null = null;
  private subscribeId = "";
  private cancelRetry = () => {};
  private cancelWatchdog = () => {};

  constructor(
    private readonly world: ClientWorld,
    private readonly listener: ClientListener,
  ) {
    this.factory = new MessageFactory(() => new Date(world.now()), world.newId);
  }

  start(): void {
    if (!this.socket) this.connect();
  }

  stop(): void {
    this.cancelRetry();
    this.drop();
  }

  /** The network or the person came back: no reason to wait any longer. */
  wake(): void {
    if (this.connection.name === "refused") return;
    if (!this.socket) this.connect();
    else if (this.open && this.silentFor() > this.silenceMs) this.fellSilent();
  }

  /** The device says that it is offline: a line that is alive answers at once, over the loopback too. */
  doubt(): void {
    if (!this.open) return;
    this.socket?.send(JSON.stringify(this.factory.ping()));
    this.watch(DOUBT_MS_MAX);
  }

  private get open(): boolean {
    return this.connection.name === "live" || this.connection.name === "catching_up";
  }

  private connect(): void {
    this.cancelRetry();
    this.drop();
    const socket = this.world.open();
    this.socket = socket;
    this.silenceMs = OPENING_MS_MAX;
    this.watch();
    socket.onopen = () => this.subscribe();
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = ({ code, reason }) => this.closed(code, reason);
  }

  private drop(): void {
    this.cancelWatchdog();
    const { socket } = this;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private subscribe(): void {
    const { cursor } = this;
    const history = cursor.known ? { after: cursor.position } : { last: HISTORY_LAST };
    const epoch = cursor.known ? { epoch: cursor.epoch } : {};
    const message = this.factory.subscribe({ channels: CHANNEL_VALUES, history, ...epoch });
    this.subscribeId = message.msg_id;
    this.socket?.send(JSON.stringify(message));
  }

  private receive(data: unknown): void {
    this.lastMessageAt = this.world.now();
    this.watch();
    const decoded = decode(data);
    if (decoded.kind === "event") {
      if (this.cursor.see(decoded.message) === "take") this.listener.onEvent(decoded.message);
    } else if (decoded.kind === "control") {
      this.control(decoded.message);
    } else if (decoded.kind === "invalid") {
      this.invalid += 1;
      this.world.warn(`a message did not fit its type: ${decoded.type || "not a message"}`);
    }
    this.listener.onChange();
  }

  private control(message: ServerControl): void {
    switch (message.type) {
      case "subscription_confirmed":
        return this.confirmed(message.payload);
      case "caught_up":
        this.cursor.advance(message.payload.position);
        this.attempt = 0;
        return this.become({ name: "live" });
      case "lagging":
        return this.become({ name: "catching_up" });
      case "heartbeat":
        return this.cursor.advance(message.payload.head);
      case "shutdown":
        this.askedDelayMs = message.payload.reconnect_after_s * 1000;
        return;
      case "error":
        return this.failed(message.payload);
      default:
        return;
    }
  }

  private confirmed(payload: SubscriptionConfirmedPayload): void {
    this.cursor.epoch = payload.epoch;
    if (payload.resumed) this.cursor.resume();
    this.silenceMs = payload.heartbeat_s * 1000 * SILENT_HEARTBEATS;
    this.problem =
      payload.protocol_version === PROTOCOL_VERSION
        ? null
        : "The recorder has been updated: reload this page.";
    this.watch();
    this.become({ name: "catching_up" });
  }

  private failed(error: ErrorPayload): void {
    if (START_OVER.has(error.code)) {
      this.cursor.forget();
      this.listener.onStartOver();
      return this.subscribe();
    }
    this.problem = error.message;
    this.world.warn(`the recorder says ${error.code}: ${error.message}`);
    if (error.request_msg_id !== this.subscribeId) return;
    this.drop();
    if (error.severity === "system_error") this.retryLater();
    else this.become({ name: "refused", reason: `The recorder says: ${error.message}` });
  }

  private closed(code: number, reason: string): void {
    this.drop();
    const refused = refusal(code, reason);
    if (refused) this.become({ name: "refused", reason: refused });
    else this.retryLater();
  }

  private retryLater(): void {
    const delayMs = this.askedDelayMs ?? backoffMs(this.attempt, this.world.random());
    this.askedDelayMs = null;
    this.attempt += 1;
    this.cancelRetry = this.world.later(delayMs, () => this.connect());
    const retryAt = this.world.now() + delayMs;
    this.become(this.world.online() ? { name: "reconnecting", retryAt } : { name: "offline" });
  }

  private silentFor(): number {
    return this.world.now() - (this.lastMessageAt ?? 0);
  }

  private watch(ms: number = this.silenceMs): void {
    this.cancelWatchdog();
    this.cancelWatchdog = this.world.later(ms, () => this.fellSilent());
  }

  private fellSilent(): void {
    this.drop();
    if (!this.open) return this.retryLater();
    this.become({ name: "stale" });
    this.connect();
  }

  private become(connection: Connection): void {
    this.connection = connection;
    this.listener.onChange();
  }
}
