export const SETTLE_MS = 300;
/** What never rests is looked at all the same, so often. */
const UNREST_MS_MAX = 1_500;

/** Calls `run` when `moved` has not been called for `SETTLE_MS`, or not been answered for `UNREST_MS_MAX`. */
export function onRest(run: () => void): { moved: () => void; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let since: number | null = null;
  const rest = (): void => {
    since = null;
    run();
  };
  return {
    moved: () => {
      const now = Date.now();
      since ??= now;
      clearTimeout(timer);
      timer = setTimeout(rest, Math.max(0, Math.min(SETTLE_MS, since + UNREST_MS_MAX - now)));
    },
    cancel: () => clearTimeout(timer),
  };
}
