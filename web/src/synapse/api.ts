import { type BarsResponse, parseBars } from "./bars";
import type { ServerEvent } from "./generated";
import { isServerEvent } from "./generated";
import * as is from "./shape";
import type { Span } from "./span";
import { parseState, type StateResponse } from "./state";

export const BAR_POINTS = 1_500;

/** Which bars: of a stretch (null: the newest), as the log held them at a position (null: now). */
export interface BarsAsked {
  readonly span: Span | null;
  readonly position: number | null;
}

/** What the page reads and writes over HTTP; each call fails with an Error that says why. */
export interface Api {
  state(): Promise<StateResponse>;
  bars(symbol: string, asked?: BarsAsked): Promise<BarsResponse>;
  /** Whatever else there is to read; `parse` answers null for what does not fit. */
  read<T>(path: string, parse: (value: unknown) => T | null): Promise<T>;
  write(method: "POST" | "DELETE", path: string, body?: unknown): Promise<unknown>;
}

/** The recorder refused; `words` is what it said, for a person to read. */
export class Refusal extends Error {
  constructor(
    path: string,
    readonly status: number,
    readonly words: string,
  ) {
    super(`${path} answered ${status}: ${words}`);
  }
}

/** What went wrong, as a sentence for a person. */
export const wordsOf = (error: unknown): string =>
  error instanceof Refusal ? sentence(error.words) : "The recorder could not be reached.";

function sentence(said: string): string {
  const text = said.charAt(0).toUpperCase() + said.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** A path with its query; what is null is left out. */
export function withQuery(
  path: string,
  given: Readonly<Record<string, string | number | null>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    if (value !== null) query.set(name, String(value));
  }
  return `${path}?${query}`;
}

export const timeText = (seconds: number): string => new Date(seconds * 1000).toISOString();

const isPage = is.record({ events: is.list(is.anything) });

/** The events of a page of `GET /api/events`, but for those of a kind that this page does not know. */
export function parseEvents(value: unknown): readonly ServerEvent[] | null {
  return isPage(value) ? (value as { events: unknown[] }).events.filter(isServerEvent) : null;
}

/** The recorder's HTTP interface beside the page. */
export function httpApi(page: string, get: typeof fetch = (...asked) => fetch(...asked)): Api {
  const call = async (path: string, init: RequestInit): Promise<unknown> => {
    const headers = { accept: "application/json", ...init.headers };
    const answer = await get(new URL(path, page), { ...init, headers });
    if (!answer.ok) throw new Refusal(path, answer.status, await problem(answer));
    return answer.json();
  };
  const read = async <T>(path: string, parse: (value: unknown) => T | null): Promise<T> => {
    const parsed = parse(await call(path, {}));
    if (parsed === null) throw new Error(`${path} answered something that does not fit`);
    return parsed;
  };
  return {
    read,
    state: () => read("api/state", parseState),
    bars: (symbol, asked) => read(barsPath(symbol, asked), parseBars),
    write: (method, path, body) =>
      call(path, {
        method,
        headers: { "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
  };
}

function barsPath(symbol: string, asked: BarsAsked = { span: null, position: null }): string {
  const since = asked.span && timeText(asked.span.from);
  const until = asked.span && timeText(asked.span.to);
  const { position } = asked;
  return withQuery("api/bars", { symbol, since, until, position, points: BAR_POINTS });
}

async function problem(answer: Response): Promise<string> {
  const plain = `The recorder answered ${answer.status}.`;
  try {
    const said: unknown = await answer.json();
    return is.isObject(said) && is.text(said.detail) ? String(said.detail) : plain;
  } catch {
    return plain;
  }
}
