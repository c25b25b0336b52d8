import type { ServerEvent } from "./generated";

/** The part of a WebSocket that the client needs. */
export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((close: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** Closes a socket of which nothing is to be heard any more. */
export function hangUp(socket: SocketLike | null): void {
  if (!socket) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
}

/** The outside world, handed in: tests bring a fake one. Times in milliseconds. */
export interface ClientWorld {
  open(): SocketLike;
  /** A socket to the time machine. */
  openReplay(): SocketLike;
  now(): number;
  /** Runs something later; the answer cancels it. */
  later(ms: number, run: () => void): () => void;
  random(): number;
  newId(): string;
  online(): boolean;
  /** Loads the page anew. */
  reload(): void;
  warn(text: string): void;
}

export interface ClientListener {
  onEvent(event: ServerEvent): void;
  /** The connection or a count changed. */
  onChange(): void;
  /** The log is another one: what was known does not hold. */
  onStartOver(): void;
  /** The recorder closed the line, or did not open it. */
  onClosed(): void;
}

/** The browser's own world; `url` is the live socket's address, with the time machine's beside it. */
export function browserWorld(url: string): ClientWorld {
  return {
    open: () => new WebSocket(url) as SocketLike,
    openReplay: () => new WebSocket(new URL("replay", url)) as SocketLike,
    now: () => Date.now(),
    later: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    newId,
    online: () => navigator.onLine,
    reload: () => window.location.reload(),
    warn: (text) => console.warn(`synapse: ${text}`),
  };
}

/** `crypto.randomUUID` is missing where the page is not served over https or from localhost. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The socket's address beside the page: ws for http, wss for https. */
export function socketUrl(page: string): string {
  const url = new URL("ws/synapse", page);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = "";
  url.hash = "";
  return url.href;
}
