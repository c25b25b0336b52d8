import { Comeback } from "./comeback";
import { CLOSE_UNAUTHORISED, type Connection, refusal } from "./connection";
import { Cursor } from "./cursor";
import { decode } from "./decode";
import {
  CHANNEL_VALUES,
  type Channel,
  type ErrorPayload,
  PROTOCOL_VERSION,
  type ServerControl,
  type SubscriptionConfirmedPayload,
} from "./generated";
import { MessageFactory } from "./messageFactory";
import { Silence } from "./silence";
import { type ClientListener, type ClientWorld, hangUp, type SocketLike } from "./world";

const OPENING_MS_MAX = 10_000;
const SILENT_HEARTBEATS = 2.5;
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
  private readonly comeback: Comeback;
  private readonly silence: Silence;
  private subscribeId = "";
  private isWaiting = false;

  constructor(
    private readonly world: ClientWorld,
    private readonly listener: ClientListener,
    /** Null while it is not known what may be asked for. */
    private channels: readonly Channel[] | null = CHANNEL_VALUES,
  ) {
    this.comeback = new Comeback(world);
    this.silence = new Silence(world, () => this.fellSilent(), OPENING_MS_MAX);
    this.factory = new MessageFactory(() => new Date(world.now()), world.newId);
  }

  start(): void {
    if (!this.socket && this.connection.name !== "signed_out") this.connect();
  }

  stop(): void {
    this.comeback.cancel();
    this.drop();
  }

  /** The page may ask for these: on the line that is open, or on a new one where it was shut out. */
  admit(channels: readonly Channel[]): void {
    this.channels = channels;
    if (this.connection.name === "signed_out") this.connect();
    else if (this.isWaiting) this.subscribe();
  }

  /** The page may ask for nothing: there is no line, and no other try, until it is admitted. */
  shutOut(reason: string): void {
    this.stop();
    this.become({ name: "signed_out", reason });
  }

  /** The network or the person came back: no reason to wait any longer. */
  wake(): void {
    if (["refused", "signed_out"].includes(this.connection.name)) return;
    if (!this.socket) this.connect();
    else if (this.open && this.world.now() - (this.lastMessageAt ?? 0) > this.silence.ms) this.fellSilent();
  }

  /** The device says that it is offline: a line that is alive answers at once, over the loopback too. */
  doubt(): void {
    if (!this.open) return;
    this.socket?.send(JSON.stringify(this.factory.ping()));
    this.silence.watch(DOUBT_MS_MAX);
  }

  private get open(): boolean {
    return this.connection.name === "live" || this.connection.name === "catching_up";
  }

  private connect(): void {
    this.stop();
    if (this.connection.name === "signed_out") this.connection = { name: "connecting" };
    const socket = (this.socket = this.world.open());
    this.silence.ms = OPENING_MS_MAX;
    this.silence.watch();
    socket.onopen = () => this.subscribe();
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = ({ code, reason }) => this.closed(code, reason);
  }

  private drop(): void {
    this.silence.end();
    hangUp(this.socket);
    this.socket = null;
    this.isWaiting = false;
  }

  private subscribe(): void {
    const { channels } = this;
    this.isWaiting = !channels;
    if (!channels) return;
    const message = this.factory.subscribe({ channels, ...this.cursor.request() });
    this.subscribeId = message.msg_id;
    this.socket?.send(JSON.stringify(message));
  }

  private receive(data: unknown): void {
    this.lastMessageAt = this.world.now();
    this.silence.watch();
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
        this.comeback.settle();
        return this.become({ name: "live" });
      case "lagging":
        return this.become({ name: "catching_up" });
      case "heartbeat":
        return this.cursor.advance(message.payload.head);
      case "shutdown":
        this.comeback.askedMs = message.payload.reconnect_after_s * 1000;
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
    this.silence.ms = payload.heartbeat_s * 1000 * SILENT_HEARTBEATS;
    const isNewer = payload.protocol_version !== PROTOCOL_VERSION;
    this.problem = isNewer ? "The recorder has been updated: reload this page." : null;
    this.silence.watch();
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
    if (code === CLOSE_UNAUTHORISED) this.shutOut(refused ?? reason);
    else if (refused) this.become({ name: "refused", reason: refused });
    else this.retryLater();
    this.listener.onClosed();
  }

  private retryLater(): void {
    const retryAt = this.comeback.later(() => this.connect());
    this.become(this.world.online() ? { name: "reconnecting", retryAt } : { name: "offline" });
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
