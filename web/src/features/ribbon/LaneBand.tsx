import { useMemo } from "react";
import type { Span } from "../../synapse/hooks";
import { Strip } from "./Strip";
import { differencePath } from "./difference";
import { along, fractionAt } from "./timeline";
import type { useDrag } from "./useDrag";
import { type Beside, useLaneLine } from "./useLaneLine";
import "./lane.css";

/** As the style sheet has them. */
const BAND_PX = 16;
const DIFFERENCE_PX = 4;
/** Where a lane ends by so much of the line before it, there is room to say so. */
const ROOM_TO_SAY = 0.2;

interface LaneBandProps extends Beside {
  readonly width: number;
  /** What of the line is shown. */
  readonly axis: Span;
  /** Where the shown moment stands on it, from 0 to 1. */
  readonly fraction: number;
  /** Whether it lies outside of what is shown. */
  readonly away: boolean;
  /** The moment is moved along the lane as along the recorded band. */
  readonly drag: ReturnType<typeof useDrag>;
}

const percent = (fraction: number): string => `${(fraction * 100).toFixed(4)}%`;

/** A lane under the recorded band, along the same time; the bars between them mark where they differ. */
export function LaneBand({ width, axis, fraction, away, drag, ...beside }: LaneBandProps) {
  const { lane, write } = beside;
  const { found, isOver, line, words } = useLaneLine(beside);
  const density = Math.max(1, Math.round(window.devicePixelRatio || 1));
  const wide = Math.max(1, Math.round(width * density));
  const tall = DIFFERENCE_PX * density;
  const shown = useMemo(() => line && along(axis, line), [axis, line]);
  const path = useMemo(
    () => differencePath(found, axis, wide, tall),
    [axis, found, tall, wide],
  );
  const end = line ? fractionAt(axis, line.to) : 0;
  return (
    <div className="lane" aria-hidden="true" {...drag}>
      <svg className="lane-differences" viewBox={`0 0 ${wide} ${tall}`} preserveAspectRatio="none">
        <path className="lane-differs" d={path} />
      </svg>
      <span className="ribbon-name" title={lane.name}>
        {lane.name}
      </span>
      <div className="lane-band">
        {shown && <Strip timeline={shown} width={width} height={BAND_PX} />}
        {line && isOver(axis.to) && (
          <span className="lane-end" style={{ left: percent(end) }}>
            {1 - end > ROOM_TO_SAY && `${lane.name} ends ${write(line.to)}`}
          </span>
        )}
        {words !== null && <span className="lane-words">{words}</span>}
        <span className="ribbon-future" style={{ left: percent(fraction) }} />
        {!away && <span className="lane-moment" style={{ left: percent(fraction) }} />}
      </div>
    </div>
  );
}
