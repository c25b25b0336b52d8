import { useId, useMemo } from "react";
import { REGIME_VALUES } from "../../synapse/generated";
import { stripPaths } from "./strip";
import { type Timeline, columns } from "./timeline";

const STRIP_PX = 22;
const HATCH_PX = 5;

interface StripProps {
  readonly timeline: Timeline;
  readonly width: number;
  /** In CSS pixels, as the style sheet has it. */
  readonly height?: number;
}

/** The whole history, one column a pixel of the screen: colour and height tell the regime, hatching a crash. */
export function Strip({ timeline, width, height = STRIP_PX }: StripProps) {
  const hatch = useId();
  const density = Math.max(1, Math.round(window.devicePixelRatio || 1));
  const wide = Math.max(1, Math.round(width * density));
  const tall = height * density;
  const paths = useMemo(
    () => stripPaths(columns(timeline, wide), tall),
    [tall, timeline, wide],
  );
  const step = HATCH_PX * density;
  return (
    <svg
      className="ribbon-strip"
      viewBox={`0 0 ${wide} ${tall}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <pattern id={hatch} width={step} height={step} patternUnits="userSpaceOnUse">
        <path className="ribbon-hatch" d={`M0 ${step}L${step} 0`} strokeWidth={density} />
      </pattern>
      {REGIME_VALUES.map((regime) => (
        <path key={regime} data-regime={regime} d={paths[regime]} />
      ))}
      <path d={paths.CRASH} fill={`url(#${hatch})`} />
    </svg>
  );
}
