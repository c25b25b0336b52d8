import { REGIME_VALUES } from "./generated";
import type { DetectorStamp, PortfolioUpdate, Regime, Strategy, TradeExecution } from "./generated";
import { acknowledged } from "./notices";
import { personaLine } from "./persona";
import * as is from "./shape";
import type { AlertView, MarketView, PortfolioView, PriceView, RegimeView, SymbolView } from "./view";

/** The part of `GET /api/state` that the page uses. */
export interface StateResponse {
  readonly epoch: string;
  readonly position: number;
  readonly symbols: Readonly<Record<string, StateSymbol>>;
  readonly portfolios: Readonly<Record<string, PortfolioUpdate & Sourced>>;
  /** Oldest first, as are the trades. */
  readonly alerts: readonly AlertView[];
  readonly trades: readonly (TradeExecution & Sourced)[];
  readonly disclaimer: string;
}

interface Sourced {
  readonly source?: string | null;
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
const told = optional(is.nullable(is.text));
const isState = is.record({
  epoch: is.text,
  position: is.integer,
  symbols: is.map(symbol),
  portfolios: is.map(is.record({ portfolio_id: is.text, total_value: is.decimal, source: told })),
  alerts: is.list(is.record({ alert_id: is.text, symbol: is.text, message: is.text })),
  trades: is.list(is.record({ trade_id: is.text, symbol: is.text, price: is.decimal, source: told })),
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
  const seen = state.alerts.filter((one) => one.acknowledged).map((one) => one.alert_id);
  const laid: MarketView = {
    ...view,
    symbols,
    personaName,
    disclaimer: state.disclaimer,
    alerts: view.alerts.length > 0 ? view.alerts : state.alerts.toReversed(),
    trades: view.trades.length > 0 ? view.trades : state.trades.map(withSource).toReversed(),
    portfolios: portfolios(view, state),
  };
  return acknowledged(laid, [...view.acknowledged, ...seen]);
}

const withSource = <T extends Sourced>(one: T): T & { readonly source: string | null } => ({
  ...one,
  source: one.source ?? null,
});

function portfolios(view: MarketView, { portfolios: found, position }: StateResponse) {
  const all: Record<string, PortfolioView> = { ...view.portfolios };
  for (const [name, one] of Object.entries(found)) {
    const known = all[name];
    if (!known || known.position <= position) all[name] = { ...withSource(one), position };
  }
  return all;
}

function merge(known: SymbolView | undefined, found: SymbolView): SymbolView {
  if (!known) return found;
  const regime = newer(known.regime, found.regime);
  const since = regime?.regime === found.regime?.regime ? (found.regime?.since ?? null) : null;
  return {
    symbol: found.symbol,
    regime: regime && { ...regime, since: regime.since ?? since },
    price: newer(known.price, dated(known.price, found.price)),
  };
}

/** The state's price with the market time that the socket told of it. */
function dated(known: PriceView | null, found: PriceView | null): PriceView | null {
  return known && found && known.price === found.price ? { ...found, at: known.at } : found;
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
