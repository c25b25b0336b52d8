import type {
  DetectorStamp,
  PortfolioUpdate,
  PriceAlert,
  Regime,
  Strategy,
  TradeExecution,
} from "./generated";

/** How a persona shows and says a regime. */
export interface PersonaLine {
  readonly name: string;
  readonly vibe: string;
  readonly look: string;
  readonly message: string;
}

/** Why a symbol is in its regime; from the state or from the newest final regime update. */
export interface RegimeView {
  readonly regime: Regime;
  readonly persona: PersonaLine;
  readonly confidence: number;
  readonly probabilities: Readonly<Partial<Record<Regime, number>>>;
  readonly strategy: Strategy;
  readonly targetExposure: number;
  readonly since: string | null;
  readonly features: Readonly<Record<string, number>>;
  readonly detector: DetectorStamp | null;
  readonly warmingUp: boolean;
  readonly source: string | null;
  /** The event it stems from, or the position of the state that it was read from. */
  readonly position: number;
}

export interface PriceView {
  readonly price: string;
  readonly at: string | null;
  readonly source: string | null;
  readonly position: number;
}

export interface SymbolView {
  readonly symbol: string;
  readonly regime: RegimeView | null;
  readonly price: PriceView | null;
}

/** A change of regime, as it is recorded. */
export interface Shift {
  readonly position: number;
  readonly symbol: string;
  readonly from: Regime;
  readonly to: Regime;
  readonly confidence: number;
  readonly at: string;
  readonly source: string;
}

export interface AlertView extends PriceAlert {
  readonly acknowledged: boolean;
}

/** What the page knows of the market: a fold of the state and of all events since. */
export interface MarketView {
  readonly symbols: Readonly<Record<string, SymbolView>>;
  /** Newest first. */
  readonly shifts: readonly Shift[];
  readonly alerts: readonly AlertView[];
  readonly trades: readonly TradeExecution[];
  readonly portfolios: Readonly<Record<string, PortfolioUpdate>>;
  readonly personaName: string | null;
  readonly disclaimer: string;
}

export const EMPTY_VIEW: MarketView = {
  symbols: {},
  shifts: [],
  alerts: [],
  trades: [],
  portfolios: {},
  personaName: null,
  disclaimer: "Not investment advice.",
};

export const SOURCE_SIMULATED = "simulated";
export const SOURCE_MANUAL = "manual";

/** Whether any of what is shown for a symbol is made up. */
export function isSimulated(view: SymbolView): boolean {
  return [view.regime?.source, view.price?.source].includes(SOURCE_SIMULATED);
}
