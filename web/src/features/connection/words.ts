import type { Continuity } from "../../synapse/cursor";
import type { FeedView } from "../../synapse/view";
import type { Format } from "../../ui/format";

/** `0 missed of 12,431, resumed 3 times`. */
export function continuityWords(
  { missed, received, resumed }: Continuity,
  { count }: Format,
): string {
  const all = `${count(missed)} missed of ${count(received + missed)}`;
  if (resumed === 0) return all;
  return `${all}, resumed ${resumed === 1 ? "once" : `${count(resumed)} times`}`;
}

/** `feed spx ended`, `feed kraken stalled`. */
export function feedWords({ name, reason }: FeedView): string {
  return `feed ${name} ${reason ?? "stopped"}`;
}
