import type { PriceAlert, ServerEvent } from "../../synapse/generated";
import { tradeKey } from "../../synapse/reducer";
import type { TradeView } from "../../synapse/view";

export const TOASTS_MAX = 3;
export const TOAST_MS = 8_000;
/** How often the clock is looked at while there is a toast. */
export const TICK_MS = 250;
/** What is kept behind those that are shown; older ones are only counted. */
export const WAITING_MAX = 100;

interface Place {
  readonly id: string;
  /** When it goes, in milliseconds since 1970. */
  readonly until: number;
}

/** What has just happened: a trade, or an alert that must not be missed. */
export type Toast =
  | (Place & { readonly kind: "trade"; readonly trade: TradeView })
  | (Place & { readonly kind: "alert"; readonly alert: PriceAlert });

/** All toasts whose time has not run out: alerts before trades, newest first. */
export interface Pile {
  readonly toasts: readonly Toast[];
  /** Those beyond `WAITING_MAX`. */
  readonly uncounted: number;
  /** The last look at the clock. */
  readonly tickedAt: number;
}

export const EMPTY_PILE: Pile = { toasts: [], uncounted: 0, tickedAt: 0 };

/** The toast of an event; null for all that is no trade and no critical alert. */
export function toastOf(event: ServerEvent, now: number): Toast | null {
  const until = now + TOAST_MS;
  if (event.type === "trade_execution") {
    const trade = { ...event.payload, source: event.source };
    return { kind: "trade", id: tradeKey(trade), until, trade };
  }
  if (event.type === "price_alert" && event.payload.severity === "critical") {
    return { kind: "alert", id: event.payload.alert_id, until, alert: event.payload };
  }
  return null;
}

export type PileAction =
  | { readonly do: "add"; readonly toast: Toast }
  | { readonly do: "close"; readonly id: string }
  /** `held`: somebody is reading, so the time does not count. */
  | { readonly do: "tick"; readonly now: number; readonly held: boolean }
  | { readonly do: "clear" };

export function changePile(pile: Pile, action: PileAction): Pile {
  switch (action.do) {
    case "add":
      return withToast(pile, action.toast);
    case "close":
      return without(pile, ({ id }) => id === action.id, pile.uncounted);
    case "tick":
      return ticked(pile, action.now, action.held);
    default:
      return EMPTY_PILE;
  }
}

function withToast(pile: Pile, toast: Toast): Pile {
  const others = pile.toasts.filter(({ id }) => id !== toast.id);
  const alerts = others.filter(({ kind }) => kind === "alert");
  const trades = others.filter(({ kind }) => kind === "trade");
  const all = toast.kind === "alert" ? [toast, ...others] : [...alerts, toast, ...trades];
  const toasts = all.slice(0, WAITING_MAX);
  const uncounted = pile.uncounted + all.length - toasts.length;
  const tickedAt = pile.toasts.length === 0 ? toast.until - TOAST_MS : pile.tickedAt;
  return { toasts, uncounted, tickedAt };
}

function without(pile: Pile, goes: (toast: Toast) => boolean, uncounted: number): Pile {
  const toasts = pile.toasts.filter((toast) => !goes(toast));
  if (toasts.length === pile.toasts.length) return pile;
  return toasts.length === 0 ? EMPTY_PILE : { ...pile, toasts, uncounted };
}

function ticked(pile: Pile, now: number, held: boolean): Pile {
  // What is only counted came before what is kept: once one of these goes, all of those have gone.
  if (!held) return { ...without(pile, ({ until }) => until <= now, 0), tickedAt: now };
  const more = now - pile.tickedAt;
  const toasts = pile.toasts.map((toast) => ({ ...toast, until: toast.until + more }));
  return { ...pile, toasts, tickedAt: now };
}

/** Those that have a place on the page, and how many have none. */
export function shownOf(pile: Pile): { readonly shown: readonly Toast[]; readonly more: number } {
  const shown = pile.toasts.slice(0, TOASTS_MAX);
  return { shown, more: pile.toasts.length - shown.length + pile.uncounted };
}
