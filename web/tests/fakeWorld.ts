import type { ClientWorld, SocketLike } from "../src/synapse/world";

/** A socket whose other end is the test. */
export class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((close: { code: number; reason: string }) => void) | null = null;
  sent: unknown[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  say(message: unknown): void {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }

  /** The payload of the newest subscribe. */
  get subscribed(): { channels: string[]; history: unknown; epoch?: string } {
    return (this.sent.at(-1) as { payload: never }).payload;
  }
}

function newest(sockets: readonly FakeSocket[]): FakeSocket {
  const socket = sockets.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Sockets, clock and timers that the test moves. */
export class FakeWorld implements ClientWorld {
  time = 1_000_000;
  isOnline = true;
  sockets: FakeSocket[] = [];
  replays: FakeSocket[] = [];
  warnings: string[] = [];
  reloads = 0;
  private timers = new Set<Timer>();
  private ids = 0;

  get socket(): FakeSocket {
    return newest(this.sockets);
  }

  /** The newest socket to the time machine. */
  get replay(): FakeSocket {
    return newest(this.replays);
  }

  open = (): SocketLike => {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  };

  openReplay = (): SocketLike => {
    const socket = new FakeSocket();
    this.replays.push(socket);
    return socket;
  };

  now = (): number => this.time;

  later = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.time + ms, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  };

  random = (): number => 0.5;

  newId = (): string => {
    this.ids += 1;
    return `c${this.ids}`;
  };

  online = (): boolean => this.isOnline;

  reload = (): void => {
    this.reloads += 1;
  };

  warn = (text: string): void => {
    this.warnings.push(text);
  };

  /** Lets time pass, and everything that falls due in it happen in order. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.at <= end);
      const [next] = due.toSorted((a, b) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }
}
