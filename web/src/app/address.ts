import type { Speed } from "../synapse/machine";
import { isLaneName } from "../synapse/settings";

/** What the page's address says: which symbol, which moment, and what its sender saw there. */
export interface Address {
  readonly symbol: string | null;
  /** Null: live. */
  readonly position: number | null;
  /** The position that was pinned to compare. */
  readonly compare: number | null;
  readonly speed: Speed | null;
  /** The first digits of the state's hash at `position`, as the sender had it. */
  readonly state: string | null;
  /** The lane that is shown beside what was recorded. */
  readonly lane: string | null;
}

export interface ParsedAddress {
  readonly address: Address;
  /** What was not sound and is ignored, in plain words. */
  readonly ignored: readonly string[];
}

/** So many digits of a state's hash stand in a link. */
export const STATE_DIGITS = 16;
/** As the recorder has it: market seconds a second, and events a second. */
const MARKET_SPEEDS = { min: 1, max: 1_000_000 } as const;
const EVENT_RATES = { min: 0.001, max: 1_000_000 } as const;

const SYMBOL = /^[A-Za-z0-9^][A-Za-z0-9._:/^=-]{0,31}$/;
const WHOLE = /^(?:0|[1-9]\d{0,15})$/;
const NUMBER = /^\d{1,7}(?:\.\d{1,3})?$/;
const STATE = new RegExp(`^[0-9a-f]{${STATE_DIGITS}}$`);
const EVENTS_A_SECOND = "eps";

type Parsers = { readonly [K in keyof Address]: (text: string) => Address[K] };

const PARSERS: Parsers = {
  symbol: (text) => (SYMBOL.test(text) ? text : null),
  position: parsePosition,
  compare: parsePosition,
  speed: parseSpeed,
  state: (text) => (STATE.test(text) ? text : null),
  lane: (text) => (isLaneName(text) ? text : null),
};
const NAMES = Object.keys(PARSERS) as (keyof Address)[];

/** Reads a query string; what is not sound is left out and named. */
export function parseAddress(search: string): ParsedAddress {
  const query = new URLSearchParams(search);
  const ignored: string[] = [];
  const read = <K extends keyof Address>(name: K): Address[K] | null => {
    const texts = query.getAll(name);
    const [text] = texts;
    if (text === undefined) return null;
    const value = texts.length === 1 ? PARSERS[name](text) : null;
    if (value === null) ignored.push(`${name}=${text.slice(0, 40)}`);
    return value;
  };
  const found = {
    symbol: read("symbol"),
    position: read("position"),
    compare: read("compare"),
    speed: read("speed"),
    state: read("state"),
    lane: read("lane"),
  };
  if (found.state === null || found.position !== null) return { address: found, ignored };
  return { address: { ...found, state: null }, ignored: [...ignored, "state without a position"] };
}

/** A query string that says this; whatever else stood in `search` stays. */
export function formatAddress(address: Address, search = ""): string {
  const query = new URLSearchParams(search);
  for (const name of NAMES) {
    const value = address[name];
    query.delete(name);
    if (value !== null) query.set(name, name === "speed" ? speedText(value as Speed) : `${value}`);
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

/** Whether two addresses show the same, whatever their senders saw. */
export function sameMoment(a: Address, b: Address): boolean {
  const bare = (one: Address): string => formatAddress({ ...one, state: null });
  return bare(a) === bare(b);
}

function parsePosition(text: string): number | null {
  const position = Number(text);
  return WHOLE.test(text) && Number.isSafeInteger(position) ? position : null;
}

function parseSpeed(text: string): Speed | null {
  if (text === "max") return "max";
  const rate = text.endsWith(EVENTS_A_SECOND);
  const digits = rate ? text.slice(0, -EVENTS_A_SECOND.length) : text;
  const { min, max } = rate ? EVENT_RATES : MARKET_SPEEDS;
  const value = NUMBER.test(digits) ? Number(digits) : 0;
  if (value < min || value > max) return null;
  return rate ? { events_per_s: value } : value;
}

const rounded = (value: number): string => `${Number(value.toFixed(3))}`;

function speedText(speed: Speed): string {
  if (speed === "max") return speed;
  if (typeof speed === "number") return rounded(speed);
  return `${rounded(speed.events_per_s)}${EVENTS_A_SECOND}`;
}
