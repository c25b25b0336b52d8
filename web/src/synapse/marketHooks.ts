import { useCallback, useEffect, useMemo } from "react";
import type { BarFeed } from "./barFeed";
import { useSelected, useStore } from "./contexts";
import type { Episode } from "./episodes";
import type { Explanation } from "./explanation";
import type { Channel, ServerEvent } from "./generated";
import { useHidden } from "./machineHooks";
import type { Mark } from "./mark";
import type { Shelf } from "./shelf";
import { useRead, useShelf } from "./shelfHooks";
import type { Span } from "./span";
import type { AlertView } from "./view";

const NO_EPISODES: readonly Episode[] = [];
const NO_MARKS: readonly Mark[] = [];

/** What episodes, bars and explanations are made of. */
export const PRICED: readonly Channel[] = ["regime", "prices"];

/** What a symbol's regime is told on. */
export const REGIME: readonly Channel[] = ["regime"];

/** Price alerts, newest first; of one symbol or of all. */
export function usePriceAlerts(symbol?: string): readonly AlertView[] {
  const all = useSelected(({ market }) => market.alerts);
  return useMemo(
    () => (symbol ? all.filter((alert) => alert.symbol === symbol) : all),
    [all, symbol],
  );
}

/** The bars of a symbol past React: one object a symbol, which reads nothing while nobody listens to it. */
export function useBarFeed(symbol: string): BarFeed {
  return useStore().feed(symbol);
}

/** A symbol's whole history of episodes, oldest first; the same for live and for the past. */
export function useEpisodes(symbol: string | null): readonly Episode[] {
  const isHidden = useHidden(PRICED).length > 0;
  const ask = useCallback(
    (shelf: Shelf) => (symbol === null || isHidden ? undefined : shelf.episodes.want(symbol)),
    [isHidden, symbol],
  );
  useShelf(ask);
  return useRead((shelf) => shelf.episodes.read(symbol)) ?? NO_EPISODES;
}

/** Why a symbol is in the regime that is shown; null while that is not known. */
export function useExplanation(symbol: string | null): Explanation | null {
  const isHidden = useHidden(PRICED).length > 0;
  const key = useSelected(({ market, machine }) => {
    if (isHidden) return null;
    const regime = symbol === null ? null : market.symbols[symbol]?.regime;
    return regime ? `${machine ? "past" : "live"} ${regime.position}` : null;
  });
  const ask = useCallback(
    (shelf: Shelf) => {
      if (symbol !== null && key !== null) shelf.explanations.want(symbol, key);
    },
    [key, symbol],
  );
  useShelf(ask);
  return useRead((shelf) =>
    symbol === null || key === null ? null : shelf.explanations.read(symbol),
  );
}

/** The alerts and trades of a symbol in a stretch of market time, oldest first, up to what is shown. */
export function useMarks(symbol: string, span: Span | null): readonly Mark[] {
  const from = span?.from ?? null;
  const to = span?.to ?? null;
  const wanted = useMemo(() => (from === null || to === null ? null : { from, to }), [from, to]);
  const ask = useCallback((shelf: Shelf) => shelf.marks.want(symbol, wanted), [symbol, wanted]);
  useShelf(ask);
  return useRead((shelf) => shelf.marks.read(symbol, wanted)) ?? NO_MARKS;
}

/** Calls for every event that happens from now on, live; `listener` may be another one each time. */
export function useArrivals(listener: (event: ServerEvent) => void): void {
  const { onArrival } = useStore();
  useEffect(() => onArrival(listener), [listener, onArrival]);
}
