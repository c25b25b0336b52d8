const LOCALE = "en-GB";
const DAY_MS = 86_400_000;

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const two = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const fine = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 5 });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium", timeZone: "UTC" });

export const count = (value: number): string => whole.format(value);

/** A price or an amount: two decimals, more for what is worth less than 10. */
export function price(value: string | number): string {
  const number = Number(value);
  return (Math.abs(number) >= 10 || number === 0 ? two : fine).format(number);
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
