import type { RegimeUpdate, ServerEvent, ServerEventOf } from "./generated";
import { applyNotice } from "./notices";
import { personaLine } from "./persona";
import { assertNever } from "./shape";
import type {
  AlertView,
  MarketView,
  PriceView,
  RegimeView,
  Shift,
  SymbolView,
  TradeView,
} from "./view";

export const ALERTS_MAX = 200;
const TRADES_MAX = 100;
const SHIFTS_MAX = 200;

/** The view after one event. Pure; an event that is older than what is shown changes no present. */
export function applyEvent(view: MarketView, event: ServerEvent): MarketView {
  switch (event.type) {
    case "regime_update":
      return applyRegime(view, event);
    case "price_update":
      return applyPrice(view, event);
    case "price_alert": {
      const acknowledged = view.acknowledged.has(event.payload.alert_id);
      const alert = { ...event.payload, acknowledged };
      return { ...view, alerts: prepend(view.alerts, alert, alertKey, ALERTS_MAX) };
    }
    case "trade_execution": {
      const trade = { ...event.payload, source: event.source };
      return { ...view, trades: prepend(view.trades, trade, tradeKey, TRADES_MAX) };
    }
    case "portfolio_update":
      return applyPortfolio(view, event);
    case "system_notice":
      return applyNotice(view, event);
    default:
      return assertNever(event);
  }
}

export function symbolView(view: MarketView, symbol: string): SymbolView {
  return view.symbols[symbol] ?? { symbol, regime: null, price: null };
}

function withSymbol(view: MarketView, symbol: SymbolView): MarketView {
  return { ...view, symbols: { ...view.symbols, [symbol.symbol]: symbol } };
}

function applyRegime(view: MarketView, event: ServerEventOf<"regime_update">): MarketView {
  // A provisional update may be taken back, so neither the card nor the shifts follow it.
  if (event.payload.provisional) return view;
  const shifted = withShift(view, event);
  const known = symbolView(view, event.payload.symbol);
  const before = known.regime;
  if (before && event.position <= before.position) {
    const source = before.source ?? event.source;
    return withSymbol(shifted, { ...known, regime: { ...before, source } });
  }
  const regime = regimeView(view, event, before);
  return withSymbol(shifted, { ...known, regime });
}

function regimeView(
  view: MarketView,
  event: ServerEventOf<"regime_update">,
  before: RegimeView | null,
): RegimeView {
  const { payload } = event;
  return {
    regime: payload.regime,
    persona: personaLine(view.personaName, payload.regime),
    confidence: payload.confidence,
    probabilities: payload.probabilities,
    strategy: payload.strategy_recommendation,
    targetExposure: payload.target_exposure,
    since: sinceWhen(payload, before),
    features: payload.features,
    detector: payload.detector,
    warmingUp: payload.warming_up,
    source: event.source,
    position: event.position,
  };
}

/** Null when the page came in the midst of an episode: the state knows since when. */
function sinceWhen(payload: RegimeUpdate, before: RegimeView | null): string | null {
  if (before) return before.regime === payload.regime ? before.since : payload.timestamp;
  return payload.previous_regime === payload.regime ? null : payload.timestamp;
}

function withShift(view: MarketView, event: ServerEventOf<"regime_update">): MarketView {
  const shift = shiftOf(event.payload, event);
  if (!shift || view.shifts.some((one) => one.position === shift.position)) return view;
  return { ...view, shifts: [shift, ...view.shifts].slice(0, SHIFTS_MAX) };
}

function shiftOf(payload: RegimeUpdate, event: ServerEvent): Shift | null {
  if (payload.previous_regime === null || payload.previous_regime === payload.regime) return null;
  return {
    position: event.position,
    symbol: payload.symbol,
    from: payload.previous_regime,
    to: payload.regime,
    confidence: payload.confidence,
    at: payload.timestamp,
    source: event.source,
  };
}

function applyPrice(view: MarketView, event: ServerEventOf<"price_update">): MarketView {
  const { payload, source, position } = event;
  const known = symbolView(view, payload.symbol);
  const before = known.price;
  if (before && !replaces(event, before)) {
    const at = before.at ?? (before.price === payload.price ? payload.timestamp : null);
    const price = { ...before, at, source: before.source ?? source };
    return withSymbol(view, { ...known, price });
  }
  const price = { price: payload.price, at: payload.timestamp, source, position };
  return withSymbol(view, { ...known, price });
}

/** Whether a price is the newest: a late one, or one that corrects an earlier one, is not. */
function replaces(event: ServerEventOf<"price_update">, before: PriceView): boolean {
  if (event.position <= before.position) return false;
  if (before.at === null) return event.payload.corrects === null;
  return Date.parse(event.payload.timestamp) >= Date.parse(before.at);
}

function applyPortfolio(
  view: MarketView,
  event: ServerEventOf<"portfolio_update">,
): MarketView {
  const { payload, source, position } = event;
  const name = payload.portfolio_id;
  if ((view.portfolios[name]?.position ?? 0) >= position) return view;
  return { ...view, portfolios: { ...view.portfolios, [name]: { ...payload, source, position } } };
}

const alertKey = (alert: AlertView): string => alert.alert_id;

/** A trade's id is one within its portfolio. */
export const tradeKey = (trade: TradeView): string => `${trade.portfolio_id}/${trade.trade_id}`;

function prepend<T>(
  items: readonly T[],
  item: T,
  key: (item: T) => string,
  max: number,
): readonly T[] {
  const name = key(item);
  return [item, ...items.filter((one) => key(one) !== name)].slice(0, max);
}
