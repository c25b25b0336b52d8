const BACKOFF_MIN_MS = 500;
export const BACKOFF_MAX_MS = 15_000;

/** How long to wait before an attempt (0, 1, 2, …); `random` in [0, 1) spreads the clients out. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (0.5 + random / 2));
}
/** What could not be read over HTTP is asked for again after so long. */
export const RETRY_MS = 5_000;
