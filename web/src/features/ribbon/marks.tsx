import type { CSSProperties, ReactNode } from "react";
import type { Span } from "../../synapse/hooks";
import { RegimeWord } from "../../ui/Glyph";
import { useFormat } from "../../ui/useFormat";
import { ticksOf } from "./ticks";
import { type Timeline, fractionAt, iso, momentAt, stretchAt } from "./timeline";
import type { useDrag } from "./useDrag";

/** A fraction of the line as a place in it. */
export const at = (fraction: number): CSSProperties => ({ left: `${(fraction * 100).toFixed(4)}%` });

interface AxisProps {
  readonly span: Span;
  readonly width: number;
  readonly onReset: () => void;
  /** Draws what the chart shows. */
  readonly drag: ReturnType<typeof useDrag>;
}

/** The moments that are written above the line. */
export function Axis({ span, width, onReset, drag }: AxisProps) {
  const { moment, year } = useFormat();
  const ticks = ticksOf(span, width);
  const written = (time: number): string =>
    ticks.years ? year(iso(time)) : moment(iso(time), span.to * 1000);
  return (
    <div
      className="ribbon-lane"
      title="Drag to choose what the chart shows; double-click for the usual stretch"
      onDoubleClick={onReset}
      {...drag}
    >
      {ticks.at.map((time) => (
        <span key={time} className="ribbon-tick" style={at(fractionAt(span, time))}>
          {written(time)}
        </span>
      ))}
    </div>
  );
}

interface TipProps {
  readonly timeline: Timeline;
  readonly axis: Span;
  readonly fraction: number;
  readonly write: (time: number) => string;
  readonly children: ReactNode;
}

/** What was at the moment below the pointer; the slider says the same of where it stands. */
export function Tip({ timeline, axis, fraction, write, children }: TipProps) {
  const time = momentAt(axis, fraction);
  const stretch = stretchAt(timeline, time);
  // It leans over as the line goes on, so that it never stands out beside it.
  const style = { ...at(fraction), transform: `translateX(${(-fraction * 100).toFixed(2)}%)` };
  return (
    <p className="ribbon-tip" style={style} aria-hidden="true">
      <strong>{write(time)}</strong>
      {stretch && (
        <>
          {children && "recorded: "}
          <RegimeWord regime={stretch.regime} /> since {write(stretch.from)}
        </>
      )}
      {children}
    </p>
  );
}
