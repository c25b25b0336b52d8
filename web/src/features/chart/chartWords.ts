import type { Bar } from "../../synapse/bars";
import type { Format } from "../../ui/format";
import { timeWords } from "./times";
import { timeDetail } from "./search";

/** What the picture shows, in words, for those who do not see it. */
export function chartWords(symbol: string, bars: readonly Bar[], format: Format): string {
  const first = bars[0];
  const last = bars.at(-1);
  if (!first || !last) return `Chart of ${symbol}, without prices.`;
  const detail = timeDetail(bars);
  const [from, to] = [first, last].map(({ time }) => timeWords(format, detail, time));
  const regimes = [...new Set(bars.map(({ regime }) => regime).filter((one) => one !== null))];
  const change = format.signedPercent(last.close / first.close - 1);
  const seen = regimes.length > 0 ? ` Regimes in view: ${regimes.join(", ")}.` : "";
  return `Chart of ${symbol}, ${from} to ${to}: from ${format.price(first.close)} to ${format.price(last.close)}, ${change}.${seen}`;
}
