import { type PointerEvent, useId, useRef, useState } from "react";
import type { LaneChoice } from "../../synapse/hooks";
import { useFormat } from "../../ui/useFormat";
import type { Viewport } from "../../ui/viewport";
import { Frame } from "./Frame";
import { LaneBand, LaneBar, LaneTip, Late } from "./late";
import { Scrubber } from "./Scrubber";
import { Axis, Tip, iso } from "./marks";
import { type Timeline, momentAt, stretchAt } from "./timeline";
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
  readonly lanes: LaneChoice | null;
  /** The shortest frame, in seconds. */
  readonly least: number;
}

export function Ribbon({ symbol, timeline, viewport, lanes, least }: RibbonProps) {
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
  const readout = useId();
  const lane = lanes?.lanes.find(({ name }) => name === lanes.chosen) ?? null;
  const beside = lane && { symbol, lane, timeline, write };
  return (
    <>
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
        <Scrubber
          {...{ symbol, timeline, width, scrub }}
          told={`${told}${since}`}
          describedBy={beside ? readout : undefined}
          drag={strip}
        />
        {beside && (
          <Late>
            <LaneBand {...beside} width={width} fraction={scrub.fraction} drag={strip} />
          </Late>
        )}
        {brush.frame && <Frame {...{ brush, box, write }} frame={brush.frame} line={timeline} />}
        {hover !== null && (
          <Tip timeline={timeline} fraction={hover} write={write}>
            {beside && (
              <Late>
                <LaneTip {...beside} at={momentAt(timeline, hover)} />
              </Late>
            )}
          </Tip>
        )}
      </div>
      {lanes && (
        <Late>
          <LaneBar
            choice={lanes}
            beside={beside}
            readout={readout}
            at={begun ? scrub.at : null}
            live={scrub.live}
            view={brush.frame ?? timeline}
          />
        </Late>
      )}
    </>
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
