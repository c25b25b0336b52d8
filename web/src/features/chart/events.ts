import type { Span } from "../../synapse/hooks";

export const FORMATS = { csv: "CSV", parquet: "Parquet" } as const;
export type EventFormat = keyof typeof FORMATS;

const wire = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Where the events behind a stretch of a symbol's chart are; of the past only up to the shown position. */
export function eventsPath(
  format: EventFormat,
  symbol: string,
  span: Span | null,
  moment: number | null,
): string {
  const query = new URLSearchParams({ format, symbols: symbol });
  if (span) {
    query.set("since", wire(span.from));
    // A bar's second is cut off: what it rests on may have come within it.
    query.set("until", wire(span.to + 1));
  }
  if (moment !== null) query.set("before", String(moment + 1));
  return `api/events?${query}`;
}

/** Whether the server would give it: null, or its own words why not. One event is asked for, not all. */
export async function refusal(path: string, get: typeof fetch = fetch): Promise<string | null> {
  try {
    const answer = await get(new URL(`${path}&limit=1`, document.baseURI));
    if (answer.ok) return null;
    const problem = (await answer.json().catch(() => null)) as Record<string, unknown> | null;
    const words = problem?.detail ?? problem?.title;
    return typeof words === "string" ? words : `The server answered ${answer.status}.`;
  } catch {
    return "The server cannot be reached.";
  }
}
