import type {
  DetectorStamp,
  NoticeKind,
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

/** A trade with the source of its event: paper or real is told by it; null where nobody told. */
export interface TradeView extends TradeExecution {
  readonly source: string | null;
}

export interface PortfolioView extends PortfolioUpdate {
  readonly source: string | null;
  readonly position: number;
}

/** What the recorder told of itself. */
export interface NoticeView {
  readonly position: number;
  readonly kind: NoticeKind;
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Whom it concerns; null: every symbol. */
  readonly symbols: readonly string[] | null;
  /** The market's time. */
  readonly at: string;
  readonly recordedAt: string;
}

/** Whether a feed plays, as it said last. */
export interface FeedView {
  readonly name: string;
  readonly symbols: readonly string[];
  readonly running: boolean;
  /** Why it does not: `ended`, `stalled`, `failed`; null while it runs or where it did not say. */
  readonly reason: string | null;
  readonly recordedAt: string;
  readonly position: number;
}

/** What the page knows of the market: a fold of the state and of all events since. */
export interface MarketView {
  readonly symbols: Readonly<Record<string, SymbolView>>;
  /** Newest first. */
  readonly shifts: readonly Shift[];
  readonly alerts: readonly AlertView[];
  /** The ids of the alerts that somebody has seen, newest last; also of alerts that are not known yet. */
  readonly acknowledged: ReadonlySet<string>;
  readonly trades: readonly TradeView[];
  readonly portfolios: Readonly<Record<string, PortfolioView>>;
  readonly notices: readonly NoticeView[];
  readonly feeds: Readonly<Record<string, FeedView>>;
  readonly personaName: string | null;
  readonly disclaimer: string;
}

export const EMPTY_VIEW: MarketView = {
  symbols: {},
  shifts: [],
  alerts: [],
  acknowledged: new Set(),
  trades: [],
  portfolios: {},
  notices: [],
  feeds: {},
  personaName: null,
  disclaimer: "Not investment advice.",
};

export const SOURCE_SIMULATED = "simulated";
export const SOURCE_MANUAL = "manual";
export const SOURCE_PAPER = "paper";

/** Whose trades these are, by the source of the event; never by a guess. */
export function originWords(source: string | null): string {
  if (source === SOURCE_PAPER) return "Paper trading";
  if (source === SOURCE_MANUAL) return "Manual test";
  return source === null ? "Unknown source" : "Own trades";
}

/** Whether any of what is shown for a symbol is made up. */
export function isSimulated(view: SymbolView): boolean {
  return [view.regime?.source, view.price?.source].includes(SOURCE_SIMULATED);
}
