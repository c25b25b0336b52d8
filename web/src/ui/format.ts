const LOCALE = "en-GB";
const DAY_MS = 86_400_000;

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const two = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const fine = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 5 });
const faint = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 2 });
const exact = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 12 });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium", timeZone: "UTC" });

export const count = (value: number): string => whole.format(value);

/** A price or an amount: two decimals, more for what is worth less than 10. */
export function price(value: string | number): string {
  const number = Number(value);
  return (Math.abs(number) >= 10 || number === 0 ? two : fine).format(number);
}

/** A quantity with all of its digits: a decimal of the wire, up to 12 places. */
export function quantity(value: string): string {
  return exact.format(value as `${number}`).replace("-", "−");
}

/** An amount of money: two decimals; less than 0.01, but not 0, in two digits. */
export function amount(value: string): string {
  const number = Number(value);
  const tiny = number !== 0 && Math.abs(number) < 0.01;
  return (tiny ? faint : two).format(number).replace("-", "−");
}

/** The same with a sign: what was won or lost. */
export function signedAmount(value: string): string {
  return Number(value) > 0 ? `+${amount(value)}` : amount(value);
}

/** A number of unknown meaning: short, but no digit that counts is lost. */
export function plain(value: number): string {
  return fine.format(value).replace("-", "−");
}

/** A fraction as percent: 0.873 -> 87 %. */
export function percent(fraction: number, digits = 0): string {
  return `${(fraction * 100).toFixed(digits).replace("-", "−")} %`;
}

/** The same with a sign: what was won or lost. */
export function signedPercent(fraction: number, digits = 1): string {
  const text = percent(fraction, digits);
  return fraction > 0 ? `+${text}` : text;
}

export function signed(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 ? "−" : "+"}${text}`;
}

/** A market time in UTC: the date, or the clock where it is of the last day. */
export function moment(time: string, now: number = Date.now()): string {
  const at = new Date(time);
  const recent = Math.abs(now - at.getTime()) < DAY_MS;
  return recent ? `${clock.format(at)} UTC` : day.format(at);
}

/** `capital_preservation` -> `Capital preservation`. */
export function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
