import type { KeyboardEvent, RefObject } from "react";
import type { Span } from "../../synapse/hooks";
import type { Grip } from "./brush";
import { type Brush, edges } from "./useBrush";
import { useDrag } from "./useDrag";

interface FrameProps {
  readonly brush: Brush;
  readonly frame: Span;
  readonly line: Span;
  /** What of the line the ribbon shows. */
  readonly axis: Span;
  readonly box: RefObject<HTMLElement | null>;
  readonly write: (at: number) => string;
}

const NAMES = { from: "Start of the chart", to: "End of the chart" } as const;
const percent = (fraction: number): string => `${(fraction * 100).toFixed(4)}%`;

/** What the chart shows, as a frame that can be dragged by its upper edge and by its ends. */
export function Frame({ brush, frame, line, axis, box, write }: FrameProps) {
  const [left, right] = edges(frame, axis);
  const pan = useDrag(box, brush.grip("all"));
  return (
    <>
      <div
        className="ribbon-frame"
        style={{ left: percent(left), width: percent(right - left) }}
        aria-hidden="true"
      >
        <div className="ribbon-frame-bar" onDoubleClick={brush.reset} {...pan} />
      </div>
      {(["from", "to"] as const).map((grip) => (
        <Handle
          key={grip}
          grip={grip}
          at={grip === "from" ? left : right}
          {...{ brush, frame, line, axis, box, write }}
        />
      ))}
    </>
  );
}

interface HandleProps extends FrameProps {
  readonly grip: Exclude<Grip, "all">;
  readonly at: number;
}

function Handle({ brush, frame, line, box, write, grip, at }: HandleProps) {
  const drag = useDrag(box, brush.grip(grip));
  return (
    <div
      className="ribbon-handle"
      data-grip={grip}
      style={{ left: percent(at) }}
      // A native range could not lie at the end of a frame.
      // eslint-disable-next-line jsx-a11y/prefer-tag-over-role
      role="slider"
      tabIndex={0}
      aria-label={NAMES[grip]}
      aria-valuemin={Math.round(line.from)}
      aria-valuemax={Math.round(line.to)}
      aria-valuenow={Math.round(frame[grip])}
      aria-valuetext={write(frame[grip])}
      title={`${NAMES[grip]}: ${write(frame[grip])}. Double-click for the usual one.`}
      onDoubleClick={brush.reset}
      onKeyDown={(event: KeyboardEvent) => brush.onKeyDown(grip, event)}
      {...drag}
    />
  );
}
