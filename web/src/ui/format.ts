const DAY_MS = 86_400_000;

/** Writes numbers and times for one reader; made by `formatFor`. */
export interface Format {
  readonly locale: string;
  /** An IANA name, such as `UTC`. */
  readonly timeZone: string;
  count(value: number): string;
  /** A price or an amount: two decimals, more for what is worth less than 10. */
  price(value: string | number): string;
  /** A quantity with all of its digits: a decimal of the wire, up to 12 places. */
  quantity(value: string): string;
  /** An amount of money: two decimals; less than 0.01, but not 0, in two digits. */
  amount(value: string): string;
  /** The same with a sign: what was won or lost. */
  signedAmount(value: string): string;
  /** A number of unknown meaning: short, but no digit that counts is lost. */
  plain(value: number): string;
  /** A fraction as percent: 0.873 -> 87%. */
  percent(fraction: number, digits?: number): string;
  /** The same with a sign: what was won or lost. */
  signedPercent(fraction: number, digits?: number): string;
  signed(value: number, digits?: number): string;
  /** A market time: the date, or the clock where it is of the last day before `now`. */
  moment(time: string, now?: number): string;
  /** A date with its clock and its zone, for where the very moment matters. */
  exact(time: string): string;
  /** A date alone. */
  day(time: string): string;
  /** A year alone. */
  year(time: string): string;
}

/** A clock of a zone that was chosen says so; the reader's own needs no name. */
const ZONED_CLOCK = {
  hour: "numeric",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
} as const;

const made = new Map<string, Format>();

/** The format of a locale and a time zone (null: the reader's own). */
export function formatFor(locale: string, timeZone: string | null): Format {
  const key = `${locale} ${timeZone ?? ""}`;
  const known = made.get(key) ?? make(locale, timeZone);
  made.set(key, known);
  return known;
}

function make(locale: string, zone: string | null): Format {
  // Each is costly to make, and few are needed for the first page.
  const number = (options: Intl.NumberFormatOptions) =>
    once(() => new Intl.NumberFormat(locale, options));
  const date = (options: Intl.DateTimeFormatOptions) =>
    once(() => new Intl.DateTimeFormat(locale, zone === null ? options : { ...options, timeZone: zone }));
  const whole = number({ maximumFractionDigits: 0 });
  const two = number({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const fine = number({ maximumSignificantDigits: 5 });
  const faint = number({ maximumSignificantDigits: 2 });
  const all = number({ maximumFractionDigits: 12 });
  const day = date({ dateStyle: "medium" });
  const clock = date(zone === null ? { timeStyle: "medium" } : ZONED_CLOCK);
  const full = date({ dateStyle: "medium", timeStyle: "long" });
  const year = date({ year: "numeric" });
  const { timeZone } = day().resolvedOptions();
  const fixed = [0, 1, 2, 3].map((digits) => number(exactly(digits, "decimal")));
  const shares = [0, 1, 2, 3].map((digits) => number(exactly(digits, "percent")));
  const percent = (fraction: number, digits = 0): string =>
    minus((shares[digits] ?? number(exactly(digits, "percent")))().format(zeroed(fraction, digits + 2)));
  const amount = (value: string): string => {
    const of = Number(value);
    return minus((of !== 0 && Math.abs(of) < 0.01 ? faint : two)().format(of));
  };
  return {
    locale,
    timeZone,
    count: (value) => whole().format(value),
    price: (value) => {
      const of = Number(value);
      return (Math.abs(of) >= 10 || of === 0 ? two : fine)().format(of);
    },
    quantity: (value) => minus(all().format(value as `${number}`)),
    amount,
    signedAmount: (value) => (Number(value) > 0 ? `+${amount(value)}` : amount(value)),
    plain: (value) => minus(fine().format(value)),
    percent,
    signedPercent: (fraction, digits = 1) =>
      `${zeroed(fraction, digits + 2) > 0 ? "+" : ""}${percent(fraction, digits)}`,
    signed: (value, digits = 2) => {
      const text = (fixed[digits] ?? number(exactly(digits, "decimal")))().format(Math.abs(value));
      return `${value < 0 ? "−" : "+"}${text}`;
    },
    moment: (time, now = Date.now()) => {
      const at = new Date(time);
      if (Math.abs(now - at.getTime()) >= DAY_MS) return day().format(at);
      return clock().format(at);
    },
    exact: (time) => full().format(new Date(time)),
    day: (time) => day().format(new Date(time)),
    year: (time) => year().format(new Date(time)),
  };
}

function once<T>(build: () => T): () => T {
  let known: T | undefined;
  return () => (known ??= build());
}

const exactly = (digits: number, style: "decimal" | "percent"): Intl.NumberFormatOptions => ({
  style,
  minimumFractionDigits: digits,
  maximumFractionDigits: digits,
});

const minus = (text: string): string => text.replace("-", "−");

/** A number that would be written as -0 is 0. */
function zeroed(value: number, digits: number): number {
  return Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value;
}

/** `capital_preservation` -> `Capital preservation`. */
export function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
