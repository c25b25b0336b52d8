import { type BarsResponse, parseBars } from "./bars";
import { parseState, type StateResponse } from "./state";

export const BAR_POINTS = 1_500;

/** What the page reads over HTTP; each call fails with an Error that says why. */
export interface Api {
  state(): Promise<StateResponse>;
  bars(symbol: string): Promise<BarsResponse>;
}

/** The recorder's HTTP interface beside the page. */
export function httpApi(page: string, get: typeof fetch = fetch): Api {
  const read = async <T>(path: string, parse: (value: unknown) => T | null): Promise<T> => {
    const answer = await get(new URL(path, page), { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    const parsed = parse(await answer.json());
    if (parsed === null) throw new Error(`${path} answered something that does not fit`);
    return parsed;
  };
  return {
    state: () => read("api/state", parseState),
    bars: (symbol) =>
      read(`api/bars?symbol=${encodeURIComponent(symbol)}&points=${BAR_POINTS}`, parseBars),
  };
}
