import { useState } from "react";

interface Held<T> {
  readonly value: T;
  /** What was true when it was let go; null while it is still held fast. */
  readonly truth: { readonly of: unknown } | null;
}

/** A value that a person has asked for: it is shown while they hold it, and then until what is true has followed. */
export interface Holding<T> {
  readonly value: T | null;
  /** Held fast, whatever becomes true meanwhile. */
  hold(value: T): void;
  /** Let go: it stays until the truth changes. */
  leave(value: T): void;
  drop(): void;
}

/** While `moving`, what is true is on its way and clears nothing. */
export function useHeld<T>(truth: unknown, moving = false): Holding<T> {
  const [held, setHeld] = useState<Held<T> | null>(null);
  if (!moving && held?.truth && !Object.is(held.truth.of, truth)) setHeld(null);
  return {
    value: held?.value ?? null,
    hold: (value) => setHeld({ value, truth: null }),
    leave: (value) => setHeld({ value, truth: { of: truth } }),
    drop: () => setHeld(null),
  };
}
