import { useCallback, useEffect, useReducer, useRef } from "react";
import type { ServerEvent } from "../../synapse/generated";
import { useArrivals, useSelected } from "../../synapse/hooks";
import { useFormat } from "../../ui/useFormat";
import { AlertToast, TradeToast } from "./Receipt";
import { EMPTY_PILE, TICK_MS, changePile, shownOf, toastOf } from "./pile";
import "./toasts.css";

/** Trades and critical alerts as they happen; none while the time machine is open. */
export default function Toasts() {
  const replaying = useSelected(({ machine }) => machine !== null);
  const [pile, change] = useReducer(changePile, EMPTY_PILE);
  const place = useRef<HTMLElement>(null);
  const { count } = useFormat();
  const arrived = useCallback(
    (event: ServerEvent) => {
      const toast = replaying ? null : toastOf(event, Date.now());
      if (toast) change({ do: "add", toast });
    },
    [replaying],
  );
  useArrivals(arrived);
  useEffect(() => {
    if (replaying) change({ do: "clear" });
  }, [replaying]);
  const some = pile.toasts.length > 0;
  useEffect(() => {
    if (!some) return undefined;
    const tick = (): void => change({ do: "tick", now: Date.now(), held: isRead(place.current) });
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }, [some]);

  const { shown, more } = shownOf(pile);
  const close = (id: string): void => change({ do: "close", id });
  // The two live regions are there before anything happens: only then is it read out.
  return (
    <section ref={place} className="toasts" aria-label="Just now">
      <div role="alert" aria-atomic="false" className="toasts-list">
        {shown.map((toast) =>
          toast.kind === "alert" ? (
            <AlertToast key={toast.id} alert={toast.alert} onClose={() => close(toast.id)} />
          ) : null,
        )}
      </div>
      {/* An output element may not hold articles. */}
      {/* eslint-disable-next-line jsx-a11y/prefer-tag-over-role */}
      <div role="status" aria-atomic="false" className="toasts-list">
        {shown.map((toast) =>
          toast.kind === "trade" ? (
            <TradeToast key={toast.id} trade={toast.trade} onClose={() => close(toast.id)} />
          ) : null,
        )}
        {more > 0 && <p className="toasts-more">and {count(more)} more</p>}
      </div>
    </section>
  );
}

/** Looked at, not told: a toast that is closed under the pointer tells nobody that it was left. */
function isRead(place: HTMLElement | null): boolean {
  return place !== null && (place.matches(":hover") || place.contains(document.activeElement));
}
