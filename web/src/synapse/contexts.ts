import { createContext, useContext, useSyncExternalStore } from "react";
import { type Settings, SettingsStore } from "./settings";
import type { Snapshot, SynapseStore } from "./store";

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

export function useStore(): SynapseStore {
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
