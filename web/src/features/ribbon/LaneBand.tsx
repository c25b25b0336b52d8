import { useId, useMemo } from "react";
import { Strip } from "./Strip";
import { along, differencePath } from "./difference";
import { fractionAt } from "./timeline";
import type { useDrag } from "./useDrag";
import { type Beside, useLaneLine } from "./useLaneLine";
import "./lane.css";

/** As the style sheet has them. */
const BAND_PX = 12;
const DIFFERENCE_PX = 6;
/** Where a lane ends by so much of the line before it, there is room to say so. */
const ROOM_TO_SAY = 0.2;

interface LaneBandProps extends Beside {
  readonly width: number;
  /** Where the shown moment stands on the line, from 0 to 1. */
  readonly fraction: number;
  /** The moment is moved along the lane as along the recorded band. */
  readonly drag: ReturnType<typeof useDrag>;
}

const percent = (fraction: number): string => `${(fraction * 100).toFixed(4)}%`;

/** A lane under the recorded band, along the same time; the hatching between them marks where they differ. */
export function LaneBand({ width, fraction, drag, ...beside }: LaneBandProps) {
  const { lane, timeline, write } = beside;
  const { found, isOver, line, words } = useLaneLine(beside);
  const hatch = useId();
  const density = Math.max(1, Math.round(window.devicePixelRatio || 1));
  const wide = Math.max(1, Math.round(width * density));
  const tall = DIFFERENCE_PX * density;
  const shown = useMemo(() => line && along(timeline, line), [line, timeline]);
  const path = useMemo(
    () => differencePath(found, timeline, wide, tall),
    [found, tall, timeline, wide],
  );
  const end = line ? fractionAt(timeline, line.to) : 0;
  const step = 3 * density;
  return (
    <div className="lane" aria-hidden="true" {...drag}>
      <svg className="lane-differences" viewBox={`0 0 ${wide} ${tall}`} preserveAspectRatio="none">
        <pattern id={hatch} width={step} height={step} patternUnits="userSpaceOnUse">
          <path className="lane-hatch" d={`M0 ${step}L${step} 0`} strokeWidth={density} />
        </pattern>
        <path className="lane-differs" d={path} />
        <path d={path} fill={`url(#${hatch})`} />
      </svg>
      <div className="lane-band">
        {shown && <Strip timeline={shown} width={width} height={BAND_PX} />}
        {line && isOver(timeline.to) && (
          <span className="lane-end" style={{ left: percent(end) }}>
            {1 - end > ROOM_TO_SAY && `${lane.name} ends ${write(line.to)}`}
          </span>
        )}
        {words !== null && <span className="lane-words">{words}</span>}
        <span className="ribbon-future" style={{ left: percent(fraction) }} />
        <span className="lane-moment" style={{ left: percent(fraction) }} />
      </div>
    </div>
  );
}
