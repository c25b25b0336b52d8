import { useState } from "react";

/** So many rows of a list are there at first: the page stands sooner, and nobody sees more of it. */
export const ROWS_FIRST = 12;

export interface Rows<T> {
  readonly rows: readonly T[];
  /** How many are not there yet. */
  readonly left: number;
  /** For the list: whoever comes to it gets all of it. */
  readonly comes: {
    readonly onScroll: () => void;
    readonly onFocus: () => void;
    readonly onPointerEnter: () => void;
  };
  readonly showAll: () => void;
}

/** The first rows of a list, and all of them as soon as somebody scrolls it, points at it or comes by keyboard. */
export function useRows<T>(all: readonly T[]): Rows<T> {
  const [whole, setWhole] = useState(false);
  const showAll = (): void => setWhole(true);
  const rows = whole ? all : all.slice(0, ROWS_FIRST);
  const comes = { onScroll: showAll, onFocus: showAll, onPointerEnter: showAll };
  return { rows, left: all.length - rows.length, comes, showAll };
}
