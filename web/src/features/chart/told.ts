import { useSyncExternalStore } from "react";

/** A value that changes often and concerns few: only those who use it are rendered anew. */
export class Told<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  get = (): T => this.value;

  set = (value: T): void => {
    this.value = value;
    for (const listener of this.listeners) listener();
  };

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export function useTold<T>(told: Told<T>): T {
  return useSyncExternalStore(told.subscribe, told.get);
}
