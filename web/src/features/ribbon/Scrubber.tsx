import { Strip } from "./Strip";
import { at } from "./marks";
import type { Timeline } from "./timeline";
import type { useDrag } from "./useDrag";
import type { Scrub } from "./useScrub";

interface ScrubberProps {
  readonly symbol: string;
  readonly timeline: Timeline;
  /** What of it is shown. */
  readonly axis: Timeline;
  readonly width: number;
  readonly scrub: Scrub;
  /** The shown moment in words. */
  readonly told: string;
  /** What the band is called, beside another one. */
  readonly name: string | null;
  /** The id of what else is said of it. */
  readonly describedBy: string | undefined;
  readonly drag: ReturnType<typeof useDrag>;
}

/** The whole history as a slider: the time machine's moment. */
export function Scrubber({
  symbol,
  timeline,
  axis,
  width,
  scrub,
  told,
  name,
  describedBy,
  drag,
}: ScrubberProps) {
  return (
    <div
      className="ribbon-scrub"
      // A native range could neither hold the drawing nor tell a click from a drag.
      // eslint-disable-next-line jsx-a11y/prefer-tag-over-role
      role="slider"
      tabIndex={0}
      aria-label={`Moment of ${symbol}`}
      aria-valuemin={Math.round(timeline.from)}
      aria-valuemax={Math.round(timeline.to)}
      aria-valuenow={Math.round(scrub.at)}
      aria-valuetext={told}
      aria-describedby={describedBy}
      onKeyDown={scrub.onKeyDown}
      {...drag}
    >
      {name !== null && (
        <span className="ribbon-name" aria-hidden="true">
          {name}
        </span>
      )}
      <Strip timeline={axis} width={width} />
      <span className="ribbon-future" style={at(scrub.fraction)} />
      {!scrub.away && (
        <span className="ribbon-thumb" data-live={scrub.live} style={at(scrub.fraction)} />
      )}
    </div>
  );
}
