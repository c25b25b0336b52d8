import type { Api } from "./api";
import { BarSeries, type BarsSnapshot, NO_BARS } from "./bars";
import { SynapseClient } from "./client";
import type { Connection } from "./connection";
import type { Continuity } from "./cursor";
import type { ServerEvent } from "./generated";
import type { Machine } from "./machine";
import { applyEvent } from "./reducer";
import { withState } from "./state";
import { EMPTY_VIEW, type MarketView } from "./view";
import type { ClientListener, ClientWorld } from "./world";

export const FLUSH_MS = 50;
export const RETRY_MS = 5_000;

/** Everything the page shows, at one moment; replaced as a whole, never changed. */
export interface Snapshot {
  readonly connection: Connection;
  readonly lastMessageAt: number | null;
  readonly continuity: Continuity;
  readonly position: number;
  readonly invalid: number;
  readonly problem: string | null;
  /** Whether the state was read, so that a symbol that is missing is missing in the log too. */
  readonly loaded: boolean;
  readonly epoch: string | null;
  /** The market as it is now, whatever is shown. */
  readonly live: MarketView;
  /** The market that is shown: live, or as of the time machine's moment. */
  readonly market: MarketView;
  /** Null while live. */
  readonly machine: Machine | null;
}

/** What the page knows, fed by the one socket. Changes are told in batches, not one by one. */
export class SynapseStore implements ClientListener {
  private readonly client: SynapseClient;
  private readonly listeners = new Set<() => void>();
  private readonly series = new Map<string, BarSeries>();
  private market = EMPTY_VIEW;
  private loaded = false;
  private life = 0;
  private flushing = false;
  private snapshot: Snapshot;

  constructor(
    private readonly world: ClientWorld,
    private readonly api: Api,
  ) {
    this.client = new SynapseClient(world, this);
    this.snapshot = this.take();
  }

  start(): void {
    this.client.start();
    if (!this.loaded) void this.loadState();
  }

  stop(): void {
    this.life += 1;
    this.client.stop();
  }

  wake = (): void => this.client.wake();

  getSnapshot = (): Snapshot => this.snapshot;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Loads a symbol's bars and keeps them up to date until the answer is called. */
  watchBars(symbol: string): () => void {
    const series = new BarSeries(symbol);
    this.series.set(symbol, series);
    void this.loadBars(series);
    return () => {
      if (this.series.get(symbol) === series) this.series.delete(symbol);
    };
  }

  readBars(symbol: string): BarsSnapshot {
    return this.series.get(symbol)?.read() ?? NO_BARS;
  }

  onEvent(event: ServerEvent): void {
    this.market = applyEvent(this.market, event);
    if (event.type !== "price_update" && event.type !== "regime_update") return;
    const series = this.series.get(event.payload.symbol);
    series?.apply(event);
    if (series?.overfull) void this.loadBars(series);
  }

  onChange(): void {
    if (this.flushing) return;
    this.flushing = true;
    this.world.later(FLUSH_MS, () => this.flush());
  }

  onStartOver(): void {
    this.market = EMPTY_VIEW;
    this.loaded = false;
    void this.loadState();
    for (const series of this.series.values()) void this.loadBars(series);
    this.onChange();
  }

  private flush(): void {
    this.flushing = false;
    this.snapshot = this.take();
    for (const listener of this.listeners) listener();
  }

  private take(): Snapshot {
    const { connection, lastMessageAt, cursor, invalid, problem } = this.client;
    const { continuity, position } = cursor;
    const { market, loaded } = this;
    return {
      connection,
      lastMessageAt,
      continuity,
      position,
      invalid,
      problem,
      loaded,
      epoch: cursor.epoch,
      live: market,
      market,
      machine: null,
    };
  }

  private async loadState(): Promise<void> {
    this.life += 1;
    const { life } = this;
    try {
      const state = await this.api.state();
      if (life !== this.life) return;
      this.market = withState(this.market, state);
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

  private async loadBars(series: BarSeries): Promise<void> {
    const number = series.begin();
    try {
      series.load(await this.api.bars(series.symbol), number);
    } catch (error) {
      this.world.warn(String(error));
      if (series.fail(number)) this.world.later(RETRY_MS, () => this.retryBars(series));
    }
    this.onChange();
  }

  private retryBars(series: BarSeries): void {
    if (this.series.get(series.symbol) === series) void this.loadBars(series);
  }
}
