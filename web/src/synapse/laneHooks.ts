import { useCallback } from "react";
import type { Episode } from "./episodes";
import type { Lane } from "./lanes";
import type { Shelf } from "./shelf";
import { useRead, useShelf } from "./shelfHooks";

const watch = (shelf: Shelf): (() => void) => shelf.lanes.watch();

/** The logs that the recorder shows beside its own; null while that is not known. */
export function useLanes(): readonly Lane[] | null {
  useShelf(watch);
  return useRead((shelf) => shelf.lanes.all());
}

/** A lane's episodes of a symbol, oldest first; null while they are not known. */
export function useLaneEpisodes(name: string, symbol: string): readonly Episode[] | null {
  const ask = useCallback((shelf: Shelf) => shelf.lanes.want(name, symbol), [name, symbol]);
  useShelf(ask);
  return useRead((shelf) => shelf.lanes.episodes(name, symbol));
}
