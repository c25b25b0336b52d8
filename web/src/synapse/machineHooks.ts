import { useCallback, useEffect, useMemo, useState } from "react";
import { withQuery } from "./api";
import type { Comparison } from "./comparison";
import { useSelected, useStore } from "./contexts";
import type { Channel } from "./generated";
import type { Machine, MachineControls } from "./machine";
import { canAcknowledge } from "./session";
import { stateHashAt } from "./stateHash";

export interface Compared {
  readonly status: "idle" | "loading" | "ready" | "failed";
  readonly comparison: Comparison | null;
}

export interface SessionControls {
  /** What it may do: `read`, `write`, `admin`. */
  readonly scopes: readonly string[];
  /** What of the log it may do that with. */
  readonly channels: readonly Channel[];
  /** Whether alerts may be acknowledged. */
  readonly canWrite: boolean;
  /** Whether somebody has signed in. */
  readonly isSignedIn: boolean;
  /** When that ends. */
  readonly endsAt: string | null;
  /** Why the link that opened the page did not sign it in. */
  readonly linkProblem: string | null;
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
  const { entrance } = useStore();
  const session = useSelected(() => entrance.session.current);
  const problem = useSelected(() => entrance.session.problem);
  return useMemo(
    () => ({
      scopes: session?.scopes ?? [],
      channels: session?.channels ?? [],
      canWrite: session !== null && canAcknowledge(session),
      isSignedIn: session !== null && session.expires_at !== null,
      endsAt: session?.expires_at ?? null,
      linkProblem: problem,
      signIn: entrance.signIn,
      signOut: entrance.signOut,
    }),
    [entrance, problem, session],
  );
}

/** Those of some channels that the page may not show. */
export function useHidden(needs: readonly Channel[]): readonly Channel[] {
  const { entrance } = useStore();
  const channels = useSelected(() => entrance.channels);
  return needs.filter((one) => !channels.includes(one));
}

/** Acknowledges an alert: null, or what is wrong, in plain words. That it is done comes over the socket. */
export function useAcknowledge(): (alertId: string) => Promise<string | null> {
  const { session } = useStore().entrance;
  return useCallback(
    (alertId) => session.write(`api/alerts/${encodeURIComponent(alertId)}/acknowledge`, {}),
    [session],
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
