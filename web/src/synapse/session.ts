import { CHANNEL_VALUES, type Channel } from "./generated";
import * as is from "./shape";

/** What this page may do: `GET /api/session`. */
export interface Session {
  readonly scopes: readonly string[];
  /** What of the log it shows. */
  readonly channels: readonly Channel[];
  /** When the sign-in ends; null where there is none. */
  readonly expires_at: string | null;
}

/** What an older recorder, which has no sessions, lets everybody do. */
export const READ_ONLY: Session = { scopes: ["read"], channels: CHANNEL_VALUES, expires_at: null };

const isSession = is.record({
  scopes: is.list(is.text),
  channels: (value) => value === undefined || is.list(is.text)(value),
  expires_at: is.nullable(is.time),
});

/** Reads an answer of `GET /api/session`; null when it does not fit. */
export function parseSession(value: unknown): Session | null {
  if (!isSession(value)) return null;
  const told = value as Omit<Session, "channels"> & { readonly channels?: readonly string[] };
  const channels = CHANNEL_VALUES.filter((one) => told.channels?.includes(one) ?? true);
  return { ...told, channels };
}

export const canRead = ({ channels, scopes }: Session): boolean =>
  scopes.includes("read") && channels.length > 0;

export const canWrite = (session: Session): boolean => session.scopes.includes("write");

/** Whether an alert may be acknowledged, which is told by a notice of the system. */
export const canAcknowledge = (session: Session): boolean =>
  canWrite(session) && covers(session.channels, ["price_alerts", "system"]);

const covers = (channels: readonly Channel[], needs: readonly Channel[]): boolean =>
  needs.every((one) => channels.includes(one));

/** Whether two sessions allow the same until the same time. */
export const isSameSession = (a: Session, b: Session): boolean =>
  JSON.stringify([a.scopes, a.channels, a.expires_at]) ===
  JSON.stringify([b.scopes, b.channels, b.expires_at]);
