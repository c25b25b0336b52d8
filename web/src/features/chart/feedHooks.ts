import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Newest } from "../../synapse/barFeed";
import type { BarsSnapshot } from "../../synapse/bars";
import type { BarFeed, Span } from "../../synapse/hooks";
import { throttle } from "../../ui/throttle";
import type { Viewport } from "../../ui/viewport";
import { type Range, extent, offered, union } from "./ranges";
import { onRest } from "./resting";

/** Four times a second: faster than anybody reads. */
export const LEGEND_MS = 250;

export type FeedStatus = BarsSnapshot["status"] | "empty";

/** Whether there is something to draw; the component is not rendered anew for a tick. */
export function useFeedStatus(feed: BarFeed): FeedStatus {
  return useSyncExternalStore(feed.subscribe, () => {
    const { bars, status } = feed.read();
    if (bars.length > 0) return "ready";
    return status === "ready" ? "empty" : status;
  });
}

/** The newest price, whether the chart is there or not, at most every `LEGEND_MS`. */
export function useNewest(feed: BarFeed): Newest | null {
  const [newest, setNewest] = useState<Newest | null>(null);
  useEffect(() => {
    const read = (): void => setNewest(feed.newest() ?? feed.read().bars.at(-1) ?? null);
    const slow = throttle<void>(LEGEND_MS, read);
    const leave = feed.subscribe(() => slow.call());
    read();
    return () => {
      leave();
      slow.cancel();
    };
  }, [feed]);
  return newest;
}

/** The ranges that fit the longest stretch that was seen of this feed. */
export function useOffered(feed: BarFeed): readonly Range[] {
  const seen = useRef<{ feed: BarFeed; span: Span | null }>({ feed, span: null });
  const names = useSyncExternalStore(feed.subscribe, () => {
    const known = seen.current.feed === feed ? seen.current.span : null;
    const span = union(known, extent(feed.read().bars));
    seen.current = { feed, span };
    return offered(span).join(" ");
  });
  return useMemo(() => names.split(" ") as Range[], [names]);
}

/** The stretch in view, once it rests. */
export function useResting(viewport: Viewport): Span | null {
  const [span, setSpan] = useState<Span | null>(null);
  useEffect(() => {
    const { cancel, moved } = onRest(() => setSpan(viewport.get().visible));
    moved();
    const leave = viewport.subscribe(moved);
    return () => {
      leave();
      cancel();
    };
  }, [viewport]);
  return span;
}
