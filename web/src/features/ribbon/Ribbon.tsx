import { type CSSProperties, type PointerEvent, useRef, useState } from "react";
import { useFormat } from "../../ui/useFormat";
import type { Viewport } from "../../ui/viewport";
import { RegimeWord } from "../../ui/Glyph";
import { Frame } from "./Frame";
import { Strip } from "./Strip";
import { ticksOf } from "./ticks";
import { type Timeline, fractionAt, momentAt, stretchAt } from "./timeline";
import { useBrush } from "./useBrush";
import { type DragHandlers, useDrag } from "./useDrag";
import { useScrub } from "./useScrub";
import { useWidth } from "./useWidth";

/** A line that is shorter than this is told with its clock. */
const CLOCK_S = 90 * 86_400;

interface RibbonProps {
  readonly symbol: string;
  readonly timeline: Timeline;
  readonly viewport: Viewport;
  /** The shortest frame, in seconds. */
  readonly least: number;
}

/** A fraction of the line as a place in it. */
const at = (fraction: number): CSSProperties => ({ left: `${(fraction * 100).toFixed(4)}%` });

const iso = (time: number): string => new Date(time * 1000).toISOString();

export function Ribbon({ symbol, timeline, viewport, least }: RibbonProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const write = useWritten(timeline);
  const scrub = useScrub(symbol, timeline, width);
  const brush = useBrush(viewport, timeline, least);
  const drawing = useDrag(box, brush.draw);
  const strip = useDrag(box, useEither(scrub.handlers, brush.draw));
  const [hover, setHover] = useState<number | null>(null);
  const begun = !scrub.blank && scrub.at >= timeline.from;
  const stretch = begun ? stretchAt(timeline, scrub.at) : null;
  const told = scrub.live ? "Live" : scrub.blank ? "Before the first event" : write(scrub.at);
  const since = stretch ? `, ${stretch.regime} since ${write(stretch.from)}` : "";
  return (
    <div
      className="ribbon-line"
      ref={box}
      onPointerMove={(event) => setHover(placeOf(event, box.current))}
      onPointerLeave={() => setHover(null)}
    >
      <div
        className="ribbon-lane"
        title="Drag to choose what the chart shows; double-click for the usual stretch"
        onDoubleClick={brush.reset}
        {...drawing}
      >
        <Axis timeline={timeline} width={width} />
      </div>
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
        aria-valuetext={`${told}${since}`}
        onKeyDown={scrub.onKeyDown}
        {...strip}
      >
        <Strip timeline={timeline} width={width} />
        <span className="ribbon-future" style={at(scrub.fraction)} />
        <span className="ribbon-thumb" data-live={scrub.live} style={at(scrub.fraction)} />
      </div>
      {brush.frame && <Frame {...{ brush, box, write }} frame={brush.frame} line={timeline} />}
      {hover !== null && <Tip timeline={timeline} fraction={hover} write={write} />}
    </div>
  );
}

/** A drag with Shift draws a new frame, any other moves the moment. */
function useEither(scrub: DragHandlers, draw: DragHandlers): DragHandlers {
  const shifted = useRef(false);
  const now = (): DragHandlers => (shifted.current ? draw : scrub);
  return {
    start: (place, event) => {
      shifted.current = event.shiftKey;
      now().start(place, event);
    },
    move: (place) => now().move(place),
    end: (place, dragged) => now().end(place, dragged),
    cancel: () => now().cancel(),
  };
}

function placeOf(event: PointerEvent, box: HTMLElement | null): number | null {
  const { left, width } = box?.getBoundingClientRect() ?? { left: 0, width: 0 };
  if (width <= 0 || (event.pointerType === "touch" && event.buttons === 0)) return null;
  return Math.min(1, Math.max(0, (event.clientX - left) / width));
}

/** Writes a moment of the line: the date, with the clock where the line is short. */
function useWritten({ from, to }: Timeline): (time: number) => string {
  const { day, exact } = useFormat();
  const written = to - from < CLOCK_S ? exact : day;
  return (time) => written(iso(time));
}

function Axis({ timeline, width }: { timeline: Timeline; width: number }) {
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
}

/** What was at the moment below the pointer; the slider says the same of where it stands. */
function Tip({ timeline, fraction, write }: TipProps) {
  const time = momentAt(timeline, fraction);
  const stretch = stretchAt(timeline, time);
  // It leans over as the line goes on, so that it never stands out beside it.
  const style = { ...at(fraction), transform: `translateX(${(-fraction * 100).toFixed(2)}%)` };
  return (
    <p className="ribbon-tip" style={style} aria-hidden="true">
      <strong>{write(time)}</strong>
      {stretch && (
        <>
          <RegimeWord regime={stretch.regime} /> since {write(stretch.from)}
        </>
      )}
    </p>
  );
}
