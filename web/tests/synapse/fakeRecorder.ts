import type { Api } from "../../src/synapse/api";
import type { Episode } from "../../src/synapse/episodes";
import type { ServerEvent } from "../../src/synapse/generated";
import { fakeApi } from "../fakeApi";

type Answers = Readonly<Record<string, (query: URLSearchParams) => unknown>>;

/** What `GET` answers by path; a path that is not given fails. `asked` lists every call. */
export function recorder(answers: Answers, more: Partial<Api> = {}): { api: Api; asked: string[] } {
  const asked: string[] = [];
  const read: Api["read"] = async (path, parse) => {
    asked.push(path);
    const { pathname, searchParams } = new URL(path, "http://recorder/");
    const answer = answers[pathname.slice(1)]?.(searchParams);
    if (answer === undefined) throw new Error(`${path} answered 503`);
    const parsed = parse(answer);
    if (parsed === null) throw new Error(`${path} does not fit`);
    return parsed;
  };
  return { api: fakeApi({ read, ...more }), asked };
}

/** `GET /api/events` over a list of events. */
export const eventsOf =
  (log: readonly ServerEvent[]) =>
  (query: URLSearchParams): unknown => {
    const number = (name: string, usual: number): number => Number(query.get(name) ?? usual);
    const until = query.get("until");
    const since = query.get("since");
    const types = query.get("types")?.split(",");
    const found = log.filter(
      (one) =>
        one.position > number("after", 0) &&
        one.position < number("before", Infinity) &&
        (!types || types.includes(one.type)) &&
        (query.get("channels") !== "prices" || one.type === "price_update") &&
        (!until || Date.parse(one.occurred_at) <= Date.parse(until)) &&
        (!since || Date.parse(one.occurred_at) >= Date.parse(since)),
    );
    const ordered = query.get("order") === "desc" ? found.toReversed() : found;
    return { events: ordered.slice(0, number("limit", 100)) };
  };

export function episode(start: string, position: number, more: Partial<Episode> = {}): Episode {
  return {
    symbol: "SPX",
    regime: "BULL",
    previous_regime: "BEAR",
    position,
    start,
    end: null,
    start_price: "100",
    end_price: "110",
    bars: 10,
    return: 0.1,
    maximum_drawdown: -0.05,
    mean_confidence: 0.8,
    source: "import",
    ...more,
  };
}

export const episodesOf = (episodes: readonly Episode[], position = 100): unknown => ({
  epoch: "e1",
  head: position,
  position,
  episodes,
});

/** Lets everything that waits for a promise go on. */
export const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 0));
