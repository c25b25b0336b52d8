import { type Api, parseEvents, withQuery } from "./api";
import type { Episode } from "./episodes";
import type { ServerEvent } from "./generated";

/** Prices that are looked at for the newest of a time: late ones and corrections were recorded later. */
const NEWEST_LOOKED_AT = 20;
/** Events that one bar causes and that are of its time. */
const EFFECTS_MAX = 100;
const STEP_BARS_MAX = 900;

/** The position right after what is of a market time of a symbol; 0 before its first price. */
export async function positionAt(api: Api, symbol: string, time: string): Promise<number> {
  const path = withQuery("api/events", {
    symbols: symbol,
    channels: "prices",
    until: time,
    order: "desc",
    limit: NEWEST_LOOKED_AT,
  });
  const prices = (await api.read(path, parseEvents)).filter(isOwn);
  const [newest] = prices.toSorted((a, b) => Date.parse(b.occurred_at) - Date.parse(a.occurred_at));
  return newest ? settled(api, newest) : 0;
}

/** The position so many bars of a symbol after another one (infinite: the head), or before it; null where there is none. */
export async function barsFrom(
  api: Api,
  symbol: string,
  position: number,
  bars: number,
): Promise<number | null> {
  const forwards = bars > 0;
  const isHead = position === Infinity;
  if (forwards && isHead) return null;
  // Backwards, the bar that is shown comes first.
  const limit = Math.min(Math.abs(bars), STEP_BARS_MAX) + (forwards ? 0 : 1);
  const path = withQuery("api/events", {
    symbols: symbol,
    channels: "prices",
    after: forwards ? position : null,
    before: forwards || isHead ? null : position + 1,
    order: forwards ? "asc" : "desc",
    limit,
  });
  const last = (await api.read(path, parseEvents)).at(-1);
  return last ? settled(api, last) : null;
}

/** The next shift of a symbol after a position, or the last one before it. */
export function shiftFrom(
  episodes: readonly Episode[],
  position: number,
  way: "next" | "previous",
): number | null {
  const shifts = episodes.filter((one) => one.previous_regime !== null).map((one) => one.position);
  const found =
    way === "next"
      ? shifts.filter((one) => one > position).toSorted((a, b) => a - b)[0]
      : shifts.filter((one) => one < position).toSorted((a, b) => b - a)[0];
  return found ?? null;
}

const isOwn = (event: ServerEvent): boolean =>
  event.type === "price_update" && event.payload.corrects === null;

/** The last position of what was recorded with a price and is of its time: its regime, alerts, trades. */
async function settled(api: Api, price: ServerEvent): Promise<number> {
  const path = withQuery("api/events", { after: price.position, limit: EFFECTS_MAX });
  const next = await api.read(path, parseEvents);
  const other = next.findIndex((one) => one.occurred_at !== price.occurred_at);
  return (other < 0 ? next.at(-1) : next[other - 1])?.position ?? price.position;
}
