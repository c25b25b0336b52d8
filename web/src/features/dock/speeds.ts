import type { Speed } from "../../synapse/machine";
import { DAY_S } from "../../synapse/span";

const HOUR_S = 3600;

/** What the dock offers, slowest first: market seconds a second, and as fast as it goes. */
const DAILY: readonly Speed[] = [HOUR_S, DAY_S, 5 * DAY_S, 10 * DAY_S, "max"];
const INTRADAY: readonly Speed[] = [1, 60, 600, HOUR_S, DAY_S, "max"];
/** Where a replay of bars within a day begins: a minute a second. */
export const INTRADAY_SPEED: Speed = 60;

const WORDS: Readonly<Record<string, string>> = {
  "1": "1 s/s",
  "60": "1 min/s",
  "600": "10 min/s",
  [HOUR_S]: "1 h/s",
  [DAY_S]: "1 d/s",
  [5 * DAY_S]: "5 d/s",
  [10 * DAY_S]: "10 d/s",
  max: "as fast as it goes",
};

export interface SpeedChoice {
  readonly key: string;
  readonly speed: Speed;
  readonly words: string;
}

/** A speed as a key of lists and of options. */
export function speedKey(speed: Speed): string {
  return typeof speed === "object" ? `${speed.events_per_s} events` : `${speed}`;
}

/** The speeds to choose from; what was chosen elsewhere, as by a link, is among them. */
export function speedChoices(
  intraday: boolean,
  chosen: Speed,
  count: (value: number) => string,
): readonly SpeedChoice[] {
  const usual = intraday ? INTRADAY : DAILY;
  const known = usual.some((one) => speedKey(one) === speedKey(chosen));
  const all = known ? usual : [...usual, chosen].toSorted((a, b) => rank(a) - rank(b));
  return all.map((speed) => ({ key: speedKey(speed), speed, words: words(speed, count) }));
}

/** The next slower or faster one; the same at the end of the list. */
export function besides(choices: readonly SpeedChoice[], chosen: Speed, by: 1 | -1): Speed {
  const place = choices.findIndex(({ key }) => key === speedKey(chosen));
  return choices[place + by]?.speed ?? chosen;
}

function words(speed: Speed, count: (value: number) => string): string {
  if (typeof speed === "object") return `${count(speed.events_per_s)} events/s`;
  return WORDS[speed] ?? `${count(speed as number)} s/s`;
}

function rank(speed: Speed): number {
  if (speed === "max") return Number.POSITIVE_INFINITY;
  return typeof speed === "number" ? speed : Number.MAX_VALUE;
}
