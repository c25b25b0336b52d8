const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** How far a zone's clock is ahead of UTC at a moment, in milliseconds. */
function ahead(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const of = (name: string): number =>
    Number(parts.find(({ type }) => type === name)?.value ?? 0);
  const clock = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return clock - Math.floor(at / 1000) * 1000;
}

/** The moment at which a zone's clock shows what UTC's shows at `clock`. */
function momentOf(clock: number, timeZone: string): number {
  const near = clock - ahead(clock, timeZone);
  return clock - ahead(near, timeZone);
}

/** What a date field is about: a day, or a minute. */
export type Fineness = "day" | "minute";

/**
 * The last moment of a day (`2008-10-10`), or of a minute (`2008-10-10 15:30`) where those count, of a zone,
 * as a time of the wire; null where the text is neither.
 */
export function endOf(text: string, fineness: Fineness, timeZone: string): string | null {
  const [, day, minute] = /^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?\s*$/.exec(text) ?? [];
  const clock = Date.parse(`${day}T${minute ?? "00:00"}Z`);
  if (Number.isNaN(clock) || (minute && fineness === "day")) return null;
  // 31 February is read as a day in March.
  if (new Date(clock).toISOString().slice(0, 10) !== day) return null;
  const next = momentOf(clock + (minute ? MINUTE_MS : DAY_MS), timeZone);
  return new Date(next - 1).toISOString();
}

/** A moment as a date field of that zone writes it. */
export function fieldText(time: string, fineness: Fineness, timeZone: string): string {
  const at = Date.parse(time);
  const text = new Date(at + ahead(at, timeZone)).toISOString();
  return text.slice(0, fineness === "day" ? 10 : 16).replace("T", " ");
}
