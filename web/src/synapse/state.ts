import { REGIME_VALUES } from "./generated";
import type { DetectorStamp, PortfolioUpdate, Regime, Strategy, TradeExecution } from "./generated";
import { personaLine } from "./persona";
import * as is from "./shape";
import type { AlertView, MarketView, RegimeView, SymbolView } from "./view";

/** The part of `GET /api/state` that the page uses. */
export interface StateResponse {
  readonly epoch: string;
  readonly position: number;
  readonly symbols: Readonly<Record<string, StateSymbol>>;
  readonly portfolios: Readonly<Record<string, PortfolioUpdate>>;
  /** Oldest first, as are the trades. */
  readonly alerts: readonly AlertView[];
  readonly trades: readonly TradeExecution[];
  readonly disclaimer: string;
}

interface StateSymbol {
  readonly regime?: Regime | null;
  readonly vibe?: string;
  readonly persona?: { readonly name: string; readonly message: string; readonly look: string };
  readonly confidence: number;
  readonly probabilities: RegimeView["probabilities"];
  readonly strategy_recommendation: Strategy;
  readonly target_exposure: number;
  readonly since: string | null;
  readonly price?: string | null;
  readonly features: Readonly<Record<string, number>>;
  readonly detector: DetectorStamp | null;
  readonly warming_up: boolean;
  readonly source?: string | null;
}

const optional = (check: is.Check): is.Check => (value) => value === undefined || check(value);
const judged = is.record({
  regime: is.oneOf(...REGIME_VALUES),
  vibe: optional(is.text),
  persona: optional(is.record({ name: is.text, message: is.text, look: is.text })),
  confidence: is.fraction,
  probabilities: is.map(is.fraction),
  strategy_recommendation: is.text,
  target_exposure: is.number,
  since: is.nullable(is.time),
  features: is.map(is.number),
  detector: is.nullable(is.record({ name: is.text, version: is.text })),
  warming_up: is.flag,
});
const symbol = is.record({ price: optional(is.nullable(is.decimal)) });
const isState = is.record({
  epoch: is.text,
  position: is.integer,
  symbols: is.map(symbol),
  portfolios: is.map(is.record({ portfolio_id: is.text, total_value: is.decimal })),
  alerts: is.list(is.record({ alert_id: is.text, symbol: is.text, message: is.text })),
  trades: is.list(is.record({ trade_id: is.text, symbol: is.text, price: is.decimal })),
  disclaimer: is.text,
});

/** Reads an answer of `GET /api/state`; null when it does not fit. */
export function parseState(value: unknown): StateResponse | null {
  return isState(value) ? (value as StateResponse) : null;
}

/** The view with the state laid under it: what the socket already brought is newer and stays. */
export function withState(view: MarketView, state: StateResponse): MarketView {
  const personaName =
    Object.values(state.symbols).find((one) => one.persona)?.persona?.name ?? view.personaName;
  const symbols: Record<string, SymbolView> = { ...view.symbols };
  for (const [name, one] of Object.entries(state.symbols)) {
    symbols[name] = merge(view.symbols[name], fromState(name, one, state.position));
  }
  return {
    ...view,
    symbols,
    personaName,
    disclaimer: state.disclaimer,
    alerts: view.alerts.length > 0 ? view.alerts : state.alerts.toReversed(),
    trades: view.trades.length > 0 ? view.trades : state.trades.toReversed(),
    portfolios: { ...state.portfolios, ...view.portfolios },
  };
}

function merge(known: SymbolView | undefined, found: SymbolView): SymbolView {
  if (!known) return found;
  const regime = newer(known.regime, found.regime);
  const since = regime?.regime === found.regime?.regime ? (found.regime?.since ?? null) : null;
  return {
    symbol: found.symbol,
    regime: regime && { ...regime, since: regime.since ?? since },
    price: newer(known.price, found.price),
  };
}

/** The one with the higher position; where it does not say its source, the other's. */
function newer<T extends { position: number; source: string | null }>(
  known: T | null,
  found: T | null,
): T | null {
  if (!known || !found) return known ?? found;
  if (known.position > found.position) return known;
  return { ...found, source: found.source ?? known.source };
}

function fromState(name: string, one: StateSymbol, position: number): SymbolView {
  const source = one.source ?? null;
  const price = one.price ? { price: one.price, at: null, source, position } : null;
  if (!judged(one) || !one.regime) return { symbol: name, regime: null, price };
  const line = personaLine(one.persona?.name ?? null, one.regime);
  const persona = { ...line, ...one.persona, vibe: one.vibe ?? line.vibe };
  const view: RegimeView = {
    regime: one.regime,
    persona,
    confidence: one.confidence,
    probabilities: one.probabilities,
    strategy: one.strategy_recommendation,
    targetExposure: one.target_exposure,
    since: one.since,
    features: one.features,
    detector: one.detector,
    warmingUp: one.warming_up,
    source,
    position,
  };
  return { symbol: name, regime: view, price };
}
