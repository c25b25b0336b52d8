import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import type { BarsSnapshot } from "./bars";
import type { Snapshot, SynapseStore } from "./store";
import type { AlertView, Shift, SymbolView } from "./view";

/** The store of this tab; the app provides it. */
export const SynapseContext = createContext<SynapseStore | null>(null);

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
