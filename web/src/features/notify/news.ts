import type { AlertSeverity, Regime, ServerEvent } from "../../synapse/generated";
import { SOURCE_MANUAL, SOURCE_SIMULATED } from "../../synapse/view";
import type { Tone } from "../../ui/sound";

/** What somebody who does not look at the page wants to be told. */
export type News =
  | {
      readonly kind: "shift";
      readonly symbol: string;
      readonly from: Regime;
      readonly to: Regime;
      readonly confidence: number;
      readonly origin: string | null;
    }
  | {
      readonly kind: "alert";
      readonly symbol: string;
      readonly text: string;
      readonly price: string;
      readonly origin: string | null;
    };

const LOUD: AlertSeverity = "critical";

const ORIGINS: Readonly<Record<string, string>> = {
  [SOURCE_SIMULATED]: "simulated",
  [SOURCE_MANUAL]: "manual test",
};

/** The news in an event: a final shift or a critical alert; null for all else. */
export function newsOf(event: ServerEvent): News | null {
  const origin = ORIGINS[event.source] ?? null;
  if (event.type === "price_alert") {
    const { kind, message, price, severity, symbol } = event.payload;
    if (severity !== LOUD) return null;
    return { kind: "alert", symbol, text: message || kind.replaceAll("_", " "), price, origin };
  }
  if (event.type !== "regime_update" || event.payload.provisional) return null;
  const { confidence, previous_regime: from, regime: to, symbol } = event.payload;
  if (from === null || from === to) return null;
  return { kind: "shift", symbol, from, to, confidence, origin };
}

const TONES: Readonly<Record<Regime, Tone>> = {
  BULL: "up",
  BEAR: "down",
  CRASH: "crash",
  SIDEWAYS: "flat",
};

/** The gravest first. */
const GRAVITY: readonly Tone[] = ["crash", "alert", "down", "up", "flat"];

/** The one tone for all of them: that of the gravest. */
export function toneOf(news: readonly News[]): Tone {
  const tones = new Set(news.map((one) => (one.kind === "alert" ? "alert" : TONES[one.to])));
  return GRAVITY.find((tone) => tones.has(tone)) ?? "flat";
}
