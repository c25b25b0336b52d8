import { useMemo } from "react";
import { type LaneChoice, useEpisodes, useSelected } from "../../synapse/hooks";
import { usualBarS } from "../../ui/usualBar";
import type { Viewport } from "../../ui/viewport";
import { Ribbon } from "./Ribbon";
import { type Timeline, seconds, timelineOf } from "./timeline";
import "./ribbon.css";

/** The end of the line moves on in so many steps of its length, not with every tick. */
const END_STEPS = 4096;
/** The shortest stretch that the brush gives, in bars. */
const BRUSH_BARS_MIN = 20;

interface MoodRibbonProps {
  readonly symbol: string;
  readonly viewport: Viewport;
  /** Logs that can be shown beside what was recorded; null where there are none. */
  readonly lanes?: LaneChoice | null;
  /** Where the choice of a lane is put: below the line where it is left out, nowhere as yet where it is null. */
  readonly foot?: Element | null;
}

/** The whole history of a symbol: minimap and brush of the chart, and scrubber of the time machine. */
export function MoodRibbon({ symbol, viewport, lanes = null, foot }: MoodRibbonProps) {
  const episodes = useEpisodes(symbol);
  const timeline = useTimeline(symbol);
  const bar = useMemo(() => usualBarS(episodes), [episodes]);
  return (
    <fieldset className="ribbon" aria-label={`Mood ribbon of ${symbol}`}>
      {timeline ? (
        <Ribbon
          symbol={symbol}
          timeline={timeline}
          viewport={viewport}
          lanes={lanes}
          foot={foot}
          least={Math.min(bar * BRUSH_BARS_MIN, timeline.to - timeline.from)}
        />
      ) : (
        <p className="ribbon-empty">No regimes of {symbol} yet.</p>
      )}
    </fieldset>
  );
}

function useTimeline(symbol: string): Timeline | null {
  const episodes = useEpisodes(symbol);
  const told = useSelected(({ live }) => live.symbols[symbol]?.price?.at ?? null);
  const clock = useSelected(({ machine }) => machine?.clock ?? null);
  const first = episodes[0]?.start;
  const known = Math.max(told ? seconds(told) : 0, clock ? seconds(clock) : 0);
  const end = first ? steppedUp(seconds(first), known) : 0;
  return useMemo(() => timelineOf(episodes, end), [episodes, end]);
}

/** An end that is a little later, so that the line is not drawn anew for less than a pixel. */
function steppedUp(from: number, end: number): number {
  if (end <= from) return end;
  const step = 2 ** Math.ceil(Math.log2((end - from) / END_STEPS));
  return Math.ceil(end / step) * step;
}
