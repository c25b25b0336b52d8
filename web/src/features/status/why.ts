import type { Format } from "../../ui/format";

type Features = Readonly<Record<string, number>>;

const MOVES: readonly (readonly [feature: string, of: string])[] = [
  ["trend", "its 200-bar average"],
  ["high21", "its high of 21 bars"],
];
/** Falls within so much of the usual size are usual. */
const USUAL = 0.25;

/**
 * The anchored detector's features in a sentence: what is in units of the usual volatility of a year
 * becomes per cent of the price again (docs/detector.md has the formulas). Null where they are others.
 */
export function whySentence(features: Features, format: Pick<Format, "percent" | "plain">): string | null {
  const { dv, vol } = features;
  if (dv === undefined || vol === undefined) return null;
  const moves = MOVES.flatMap(([feature, of]) => {
    const value = features[feature];
    return value === undefined ? [] : [moveWords(Math.expm1(value * vol), of, format)];
  });
  if (moves.length === 0) return null;
  return `The price is ${moves.join(" and ")}; falls are ${fallWords(Math.exp(dv), format)}.`;
}

function moveWords(move: number, of: string, { percent }: Pick<Format, "percent">): string {
  if (Math.abs(move) < 0.0005) return `at ${of}`;
  return `${percent(Math.abs(move), 1)} ${move < 0 ? "below" : "above"} ${of}`;
}

function fallWords(times: number, { plain }: Pick<Format, "plain">): string {
  if (Math.abs(times - 1) < USUAL) return "of the usual size";
  return `${plain(Number(times.toFixed(1)))} times the usual size`;
}
