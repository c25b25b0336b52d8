import { useCallback, useEffect, useMemo, useState } from "react";
import { withQuery, wordsOf } from "./api";
import type { Comparison } from "./comparison";
import { useSelected, useStore } from "./contexts";
import type { Machine, MachineControls } from "./machine";
import { stateHashAt } from "./stateHash";

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

const IDLE: Compared = { status: "idle", comparison: null };
const LOADING: Compared = { status: "loading", comparison: null };
const FAILED: Compared = { status: "failed", comparison: null };

/** The time machine, null while live, and what may be done with it: the same object for ever. */
export function useMachine(): {
  readonly machine: Machine | null;
  readonly controls: MachineControls;
} {
  const { controls } = useStore().past;
  return { machine: useSelected(({ machine }) => machine), controls };
}

export function useSession(): SessionControls {
  const store = useStore();
  const { openShelf } = store;
  const canWrite = useSelected(() => store.shelf?.session.canWrite ?? false);
  return useMemo(
    () => ({
      canWrite,
      signIn: (token) => openShelf().then(({ session }) => session.signIn(token), wordsOf),
      signOut: () => openShelf().then(({ session }) => session.signOut()),
    }),
    [canWrite, openShelf],
  );
}

/** Acknowledges an alert: null, or what is wrong, in plain words. That it is done comes over the socket. */
export function useAcknowledge(): (alertId: string) => Promise<string | null> {
  const { openShelf } = useStore();
  return useCallback(
    (alertId) => {
      const path = `api/alerts/${encodeURIComponent(alertId)}/acknowledge`;
      return openShelf().then(({ session }) => session.write(path, {}), wordsOf);
    },
    [openShelf],
  );
}

/** Two moments side by side; without `b` the one that is shown when it is asked. */
export function useComparison(
  a: number | null,
  b: number | null,
  symbol: string | null,
): Compared {
  const store = useStore();
  const key = `${a} ${b} ${symbol}`;
  const [found, setFound] = useState({ key: "", compared: IDLE });
  useEffect(() => {
    if (a === null) return undefined;
    let isWanted = true;
    const shown = store.getSnapshot().machine?.position ?? null;
    const path = withQuery("api/compare", { a, b: b ?? shown, symbol });
    const ask = async (): Promise<Compared> => {
      const { parseComparison } = await import("./comparison");
      return { status: "ready", comparison: await store.api.read(path, parseComparison) };
    };
    const become = (compared: Compared): void => {
      if (isWanted) setFound({ key, compared });
    };
    ask().then(become, () => become(FAILED));
    return () => {
      isWanted = false;
    };
  }, [a, b, key, store, symbol]);
  if (a === null) return IDLE;
  return found.key === key ? found.compared : LOADING;
}

/** The hash of the whole state right after a position. */
export function useStateHash(): (position: number) => Promise<string> {
  const { api } = useStore();
  return useCallback((position) => stateHashAt(api, position), [api]);
}
