import { useMemo } from "react";
import type { Episode } from "../../synapse/episodes";
import { type Lane, type LaneSymbol, useLaneEpisodes } from "../../synapse/hooks";
import { type Difference, differences } from "./difference";
import { type Timeline, seconds, timelineOf } from "./timeline";

/** Below this share of the line a lane that ends earlier ends with it: the line's own end is no more exact. */
const END_SHARE = 1 / 2048;

/** What a lane is shown beside: the recorded line of a symbol, and how its moments are written. */
export interface Beside {
  readonly symbol: string;
  readonly lane: Lane;
  readonly timeline: Timeline;
  readonly write: (time: number) => string;
}

/** A lane's line of a symbol, and where it differs from what was recorded. */
export interface LaneLine {
  /** Null where there is nothing to show; `words` say why. */
  readonly line: Timeline | null;
  readonly told: LaneSymbol | null;
  readonly found: readonly Difference[];
  readonly words: string | null;
  /** Whether a moment lies beyond the lane's end. */
  readonly isOver: (at: number) => boolean;
}

export function useLaneLine({ symbol, lane, timeline }: Beside): LaneLine {
  const episodes = useLaneEpisodes(lane.name, symbol);
  const told = lane.symbols.find((one) => one.symbol === symbol) ?? null;
  const line = useLine(episodes, told?.until ?? null);
  const found = useMemo(() => (line ? differences(timeline, line) : []), [line, timeline]);
  const slack = (timeline.to - timeline.from) * END_SHARE;
  const shown = lane.problem === null ? line : null;
  return {
    line: shown,
    told,
    found: shown ? found : [],
    words: shown ? null : why(lane, symbol, told, episodes === null),
    isOver: (at) => line !== null && at > line.to + slack,
  };
}

function useLine(episodes: readonly Episode[] | null, until: string | null): Timeline | null {
  return useMemo(
    () => (episodes && until !== null ? timelineOf(episodes, seconds(until)) : null),
    [episodes, until],
  );
}

function why(lane: Lane, symbol: string, told: LaneSymbol | null, reading: boolean): string {
  if (lane.problem !== null) return `It cannot be read now: ${lane.problem}.`;
  if (told === null) return `It has no regimes of ${symbol}.`;
  return reading ? "It is being read." : `It has no regimes of ${symbol}.`;
}
