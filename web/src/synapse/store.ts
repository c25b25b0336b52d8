import type { Api } from "./api";
import { RETRY_MS } from "./backoff";
import { SynapseClient } from "./client";
import { Entrance } from "./entrance";
import type { ServerEvent } from "./generated";
import { LateFeed } from "./lateFeed";
import { LateShelf } from "./lateShelf";
import { MachineHost } from "./machineHost";
import { applyEvent } from "./reducer";
import type { Shelf } from "./shelf";
import type { Snapshot } from "./snapshot";
import { withState } from "./state";
import { EMPTY_VIEW, type MarketView } from "./view";
import type { ClientListener, ClientWorld } from "./world";

export type { Snapshot } from "./snapshot";
export const FLUSH_MS = 50;

/** What the page knows, fed by the one socket. Changes are told in batches, not one by one. */
export class SynapseStore implements ClientListener {
  readonly past: MachineHost;
  readonly entrance: Entrance;
  readonly api: Api;
  private readonly late: LateShelf;
  private readonly client: SynapseClient;
  private readonly feeds = new Map<string, LateFeed>();
  private readonly listeners = new Set<() => void>();
  private readonly arrivals = new Set<(event: ServerEvent) => void>();
  private live = EMPTY_VIEW;
  private loaded = false;
  private life = 0;
  private flushing = false;
  private snapshot: Snapshot;

  constructor(
    private readonly world: ClientWorld,
    recorder: Api,
  ) {
    const onChange = (): void => this.onChange();
    const client = new SynapseClient(world, this, null);
    this.client = client;
    this.entrance = new Entrance({ world, api: recorder, client, onChange });
    const { api } = this.entrance;
    this.api = api;
    this.past = new MachineHost({
      world,
      api,
      present: () => this.present(),
      channels: () => this.entrance.channels,
      episodes: async (symbol) => (await this.openShelf()).episodes.load(symbol),
      onMoved: () => this.shelf?.move(),
      onReplayed: (event) => this.shelf?.replay(event),
      onChange,
    });
    this.late = new LateShelf({
      world,
      api,
      moment: () => this.past.moment,
      shown: () => this.past.read()?.position ?? null,
      price: (symbol) => this.live.symbols[symbol]?.price?.price ?? null,
      symbol: (symbol) => (this.past.market ?? this.live).symbols[symbol] ?? null,
      onChange,
    });
    this.snapshot = this.take();
  }

  start(): void {
    this.life += 1;
    const { life } = this;
    void this.entrance.open(() => {
      if (life !== this.life) return;
      this.client.start();
      this.openShelf().catch(() => {});
      if (!this.loaded) void this.loadState();
    });
  }

  stop(): void {
    this.life += 1;
    this.client.stop();
    this.past.close(null);
  }

  wake = (): void => {
    this.client.wake();
    this.past.wake();
  };

  doubt = (): void => this.client.doubt();

  onClosed(): void {
    void this.entrance.session.refresh();
  }

  getSnapshot = (): Snapshot => this.snapshot;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Tells of every event that happens from now on: neither of history nor of what is replayed. */
  onArrival = (listener: (event: ServerEvent) => void): (() => void) => {
    const own = (event: ServerEvent): void => listener(event);
    this.arrivals.add(own);
    return () => this.arrivals.delete(own);
  };

  onEvent(event: ServerEvent): void {
    this.live = applyEvent(this.live, event);
    this.shelf?.apply(event);
    if (this.client.connection.name !== "live") return;
    for (const listener of this.arrivals) listener(event);
  }

  onChange(): void {
    if (this.flushing) return;
    this.flushing = true;
    this.world.later(FLUSH_MS, () => this.flush());
  }

  onStartOver(): void {
    this.live = EMPTY_VIEW;
    this.loaded = false;
    this.past.close("The log was begun anew, so the moment that was shown is no more. This is live.");
    void this.loadState();
    this.shelf?.startOver();
    this.onChange();
  }

  /** A symbol's bars: one object a symbol. */
  feed(symbol: string): LateFeed {
    const feed = this.feeds.get(symbol) ?? new LateFeed(symbol, this.openShelf);
    this.feeds.set(symbol, feed);
    return feed;
  }

  /** Null until it is loaded. */
  get shelf(): Shelf | null {
    return this.late.shelf;
  }

  /** Bars, episodes, explanations and marks; loaded when they are first asked for. */
  openShelf = (): Promise<Shelf> => this.late.open();

  private present(): { epoch: string | null; position: number; market: MarketView } {
    const { epoch, position } = this.client.cursor;
    return { epoch, position, market: this.live };
  }

  private flush(): void {
    this.flushing = false;
    this.snapshot = this.take();
    for (const listener of this.listeners) listener();
  }

  private take(): Snapshot {
    const { connection, lastMessageAt, cursor, invalid, problem } = this.client;
    const { continuity, position, epoch } = cursor;
    const { late, live, loaded, past } = this;
    return {
      connection,
      lastMessageAt,
      continuity,
      position,
      invalid,
      problem: problem ?? past.problem ?? late.problem,
      loaded,
      epoch,
      live,
      market: past.market ?? live,
      machine: past.read(),
    };
  }

  private async loadState(): Promise<void> {
    this.life += 1;
    const { life } = this;
    try {
      const state = await this.api.state();
      if (life !== this.life) return;
      this.live = withState(this.live, state);
      this.loaded = true;
      this.onChange();
    } catch (error) {
      this.world.warn(String(error));
      if (life === this.life) this.world.later(RETRY_MS, () => this.retryState(life));
    }
  }

  private retryState(life: number): void {
    if (life === this.life) void this.loadState();
  }
}
