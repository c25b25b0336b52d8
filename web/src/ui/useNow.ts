import { useSyncExternalStore } from "react";

const SECOND_MS = 1000;

function everySecond(listener: () => void): () => void {
  const timer = setInterval(listener, SECOND_MS);
  return () => clearInterval(timer);
}

const never = (): (() => void) => () => {};

const wholeSecond = (): number => Math.floor(Date.now() / SECOND_MS) * SECOND_MS;

/** The time in milliseconds since 1970, anew every second while `ticking`. */
export function useNow(ticking: boolean): number {
  return useSyncExternalStore(ticking ? everySecond : never, wholeSecond);
}
