import type { CSSProperties, ReactNode } from "react";
import { RegimeWord } from "../../ui/Glyph";
import { useFormat } from "../../ui/useFormat";
import { ticksOf } from "./ticks";
import { type Timeline, fractionAt, momentAt, stretchAt } from "./timeline";

/** A fraction of the line as a place in it. */
export const at = (fraction: number): CSSProperties => ({ left: `${(fraction * 100).toFixed(4)}%` });

export const iso = (time: number): string => new Date(time * 1000).toISOString();

/** The moments that are written above the line. */
export function Axis({ timeline, width }: { timeline: Timeline; width: number }) {
  const { moment, year } = useFormat();
  const ticks = ticksOf(timeline, width);
  const written = (time: number): string =>
    ticks.years ? year(iso(time)) : moment(iso(time), timeline.to * 1000);
  return ticks.at.map((time) => (
    <span key={time} className="ribbon-tick" style={at(fractionAt(timeline, time))}>
      {written(time)}
    </span>
  ));
}

interface TipProps {
  readonly timeline: Timeline;
  readonly fraction: number;
  readonly write: (time: number) => string;
  readonly children: ReactNode;
}

/** What was at the moment below the pointer; the slider says the same of where it stands. */
export function Tip({ timeline, fraction, write, children }: TipProps) {
  const time = momentAt(timeline, fraction);
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
