import * as is from "./shape";

/** What this page may do: `GET /api/session`. */
export interface Session {
  readonly scopes: readonly string[];
  readonly expires_at: string | null;
}

export const READ_ONLY: Session = { scopes: ["read"], expires_at: null };

const isSession = is.record({ scopes: is.list(is.text), expires_at: is.nullable(is.time) });

/** Reads an answer of `GET /api/session`; null when it does not fit. */
export function parseSession(value: unknown): Session | null {
  return isSession(value) ? (value as Session) : null;
}

export const canWrite = (session: Session): boolean => session.scopes.includes("write");
