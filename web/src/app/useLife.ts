import { useEffect } from "react";
import type { SynapseStore } from "../synapse/store";

/** The whole page is told when it shows the past, so that every card can look like it. */
export function useMode(replay: boolean): void {
  useEffect(() => {
    document.documentElement.dataset.mode = replay ? "replay" : "live";
  }, [replay]);
}

/** The store lives as long as the page; it looks up at once when the network or the person is back. */
export function useLife(store: SynapseStore): void {
  useEffect(() => {
    const seen = (): void => {
      if (document.visibilityState === "visible") store.wake();
    };
    store.start();
    window.addEventListener("online", store.wake);
    window.addEventListener("offline", store.doubt);
    document.addEventListener("visibilitychange", seen);
    return () => {
      window.removeEventListener("online", store.wake);
      window.removeEventListener("offline", store.doubt);
      document.removeEventListener("visibilitychange", seen);
      store.stop();
    };
  }, [store]);
}
