import { type Api, withQuery } from "./api";
import * as is from "./shape";

const isHashed = is.record({ state_hash: is.text });

const parseHash = (value: unknown): string | null =>
  isHashed(value) ? (value as { state_hash: string }).state_hash : null;

/** The hash of the whole state right after a position: two who have the same see the same. */
export const stateHashAt = (api: Api, position: number): Promise<string> =>
  api.read(withQuery("api/state", { position }), parseHash);
