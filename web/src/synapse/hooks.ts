import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { type BarsSnapshot, NO_BARS } from "./bars";
import type { Comparison } from "./comparison";
import type { Episode } from "./episodes";
import type { Explanation } from "./explanation";
import type { ServerEvent } from "./generated";
import type { Machine, MachineControls } from "./machine";
import { type Settings, SettingsStore } from "./settings";
import type { Snapshot, SynapseStore } from "./store";
import type { AlertView, Shift, SymbolView } from "./view";

/** The store of this tab; the app provides it. */
export const SynapseContext = createContext<SynapseStore | null>(null);

/** The reader's settings; the app provides the store, tests may do without. */
export const SettingsContext = createContext(new SettingsStore(null));

export function useSettings(): Settings {
  const settings = useContext(SettingsContext);
  return useSyncExternalStore(settings.subscribe, settings.get);
}

/** Changes some of the settings. */
export function useChangeSettings(): (change: Partial<Settings>) => void {
  return useContext(SettingsContext).set;
}

function useStore(): SynapseStore {
  const store = useContext(SynapseContext);
  if (!store) throw new Error("a hook of Synapse needs a SynapseContext above it");
  return store;
}

/** Everything there is, at this moment: connection, continuity, market. */
export function useSynapse(): Snapshot {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, store.getSnapshot);
}

/** One part of it; `select` must answer the same object as long as nothing changed. */
export function useSelected<T>(select: (snapshot: Snapshot) => T): T {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => select(store.getSnapshot()));
}

/** A symbol's present regime and its shifts, newest first; the shifts of all without a symbol. */
export interface RegimeStream {
  readonly current: SymbolView | null;
  readonly shifts: readonly Shift[];
}

export function useRegimeStream(symbol?: string): RegimeStream {
  const current = useSelected(({ market }) => (symbol && market.symbols[symbol]) || null);
  const all = useSelected(({ market }) => market.shifts);
  return useMemo(() => {
    const shifts = symbol ? all.filter((shift) => shift.symbol === symbol) : all;
    return { current, shifts };
  }, [all, current, symbol]);
}

/** Price alerts, newest first; of one symbol or of all. */
export function usePriceAlerts(symbol?: string): readonly AlertView[] {
  const all = useSelected(({ market }) => market.alerts);
  return useMemo(
    () => (symbol ? all.filter((alert) => alert.symbol === symbol) : all),
    [all, symbol],
  );
}

/** The bars of a symbol, loaded when it is first asked for and live from then on. */
export function useBars(symbol: string): BarsSnapshot {
  const store = useStore();
  useEffect(() => store.watchBars(symbol), [store, symbol]);
  return useSyncExternalStore(store.subscribe, () => store.readBars(symbol));
}

/** A stretch of market time, in whole seconds since 1970 (UTC). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The bars of a symbol past React: whoever draws them is told at most once a frame. */
export interface BarFeed {
  readonly symbol: string;
  read(): BarsSnapshot;
  subscribe(listener: () => void): () => void;
  /** Another stretch of history; null: the newest bars. */
  look(span: Span | null): void;
}

/** An alert or a trade on the chart; `at` in whole seconds since 1970. */
export interface Mark {
  readonly kind: "alert" | "trade";
  readonly id: string;
  readonly at: number;
  readonly position: number;
  readonly severity: "info" | "warning" | "critical" | null;
  readonly side: "buy" | "sell" | null;
  readonly text: string;
}

export interface Compared {
  readonly status: "idle" | "loading" | "ready" | "failed";
  readonly comparison: Comparison | null;
}

export interface SessionControls {
  readonly canWrite: boolean;
  /** Answers what is wrong, in plain words; null when it worked. */
  signIn(token: string): Promise<string | null>;
  signOut(): Promise<void>;
}

const nothing = (): void => {};
const CONTROLS: MachineControls = {
  goTo: nothing,
  play: nothing,
  pause: nothing,
  step: nothing,
  stepBars: nothing,
  nextShift: nothing,
  previousShift: nothing,
  setSpeed: nothing,
  setSkipQuiet: nothing,
  close: nothing,
};
const NO_EPISODES: readonly Episode[] = [];
const NO_MARKS: readonly Mark[] = [];
const IDLE: Compared = { status: "idle", comparison: null };

export function useMachine(): { readonly machine: Machine | null; readonly controls: MachineControls } {
  return { machine: useSelected(({ machine }) => machine), controls: CONTROLS };
}

export function useEpisodes(_symbol: string | null): readonly Episode[] {
  return NO_EPISODES;
}

export function useExplanation(_symbol: string | null): Explanation | null {
  return null;
}

export function useSession(): SessionControls {
  return { canWrite: false, signIn: async () => null, signOut: async () => {} };
}

export function useAcknowledge(): (alertId: string) => Promise<string | null> {
  return async () => null;
}

export function useComparison(_a: number | null, _b: number | null, _symbol: string | null): Compared {
  return IDLE;
}

export function useStateHash(): (position: number) => Promise<string> {
  return async () => "";
}

export function useBarFeed(symbol: string): BarFeed {
  return useMemo(
    () => ({ symbol, read: () => NO_BARS, subscribe: () => nothing, look: nothing }),
    [symbol],
  );
}

export function useMarks(_symbol: string, _span: Span | null): readonly Mark[] {
  return NO_MARKS;
}

export function useArrivals(_listener: (event: ServerEvent) => void): void {}
