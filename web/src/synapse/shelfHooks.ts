import { useEffect, useSyncExternalStore } from "react";
import { useStore } from "./contexts";
import type { Shelf } from "./shelf";

/** Asks for something on the shelf for as long as it is wanted. */
export function useShelf(ask: (shelf: Shelf) => void | (() => void)): void {
  const store = useStore();
  useEffect(() => {
    let release: void | (() => void);
    let isWanted = true;
    store.openShelf().then(
      (shelf) => {
        if (isWanted) release = ask(shelf);
      },
      () => {},
    );
    return () => {
      isWanted = false;
      release?.();
    };
  }, [ask, store]);
}

/** What is on the shelf; null while it is not loaded. */
export function useRead<T>(read: (shelf: Shelf) => T): T | null {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => store.shelf && read(store.shelf));
}
