import type { Format } from "../../ui/format";
import type { TimeDetail } from "./search";

/** By lightweight-charts' TickMarkType: year, month, day, time, time with seconds. */
const TICKS: readonly Intl.DateTimeFormatOptions[] = [
  { year: "numeric" },
  { month: "short" },
  { day: "numeric" },
  { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
];

/** Writes the time axis in the reader's language and time zone. */
export function tickWriter({ locale, timeZone }: Format): (time: unknown, type: number) => string {
  const writers = TICKS.map(
    (options) => new Intl.DateTimeFormat(locale, { ...options, timeZone }),
  );
  return (time, type) => writers[type]?.format(Number(time) * 1000) ?? "";
}

/** A bar's time: the day, or the very moment where bars are closer. */
export function timeWords(format: Format, detail: TimeDetail, time: number): string {
  const text = new Date(time * 1000).toISOString();
  return detail === "day" ? format.day(text) : format.exact(text);
}
