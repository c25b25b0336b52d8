import { type PointerEvent, useId, useMemo, useRef, useState } from "react";
import type { LaneChoice, Span } from "../../synapse/hooks";
import { DAY_S } from "../../synapse/span";
import { useFormat } from "../../ui/useFormat";
import type { Viewport } from "../../ui/viewport";
import { Frame } from "./Frame";
import { LaneBand, LaneBar, LaneTip, Late } from "./late";
import { Scrubber } from "./Scrubber";
import { Axis, Tip } from "./marks";
import { type Stretch, type Timeline, along, iso, momentAt, stretchAt } from "./timeline";
import { useBrush } from "./useBrush";
import { type DragHandlers, useDrag } from "./useDrag";
import { type Scrub, useScrub } from "./useScrub";
import { useStill } from "./useStill";
import { useWidth } from "./useWidth";

/** A line that is shorter than this is told with its clock. */
const CLOCK_S = 90 * DAY_S;

interface RibbonProps {
  readonly symbol: string;
  readonly timeline: Timeline;
  readonly viewport: Viewport;
  readonly lanes: LaneChoice | null;
  readonly foot: Element | null | undefined;
  /** The shortest frame, in seconds. */
  readonly least: number;
}

export function Ribbon({ symbol, timeline, viewport, lanes, foot, least }: RibbonProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const write = useWritten(timeline);
  const lane = lanes?.lanes.find(({ name }) => name === lanes.chosen) ?? null;
  const [zoomed, setZoomed] = useState(false);
  const still = useStill();
  const brush = useBrush(viewport, timeline, least, zoomed && lane ? still.span : undefined);
  const axis = useAlong(brush.axis, timeline);
  const scrub = useScrub(symbol, timeline, axis, width);
  const drawing = useDrag(box, brush.draw);
  const strip = useDrag(box, useEither(scrub.handlers, brush.draw));
  const [hover, setHover] = useState<number | null>(null);
  const begun = !scrub.blank && scrub.at >= timeline.from;
  const stretch = begun ? stretchAt(timeline, scrub.at) : null;
  const readout = useId();
  const beside = lane && { symbol, lane, timeline, write };
  return (
    <>
      <div
        className="ribbon-line"
        ref={box}
        onPointerMove={(event) => setHover(placeOf(event, box.current))}
        onPointerLeave={() => setHover(null)}
        {...still.on(axis)}
      >
        <Axis span={axis} width={width} onReset={brush.reset} drag={drawing} />
        <Scrubber
          {...{ symbol, timeline, axis, width, scrub }}
          told={toldOf(scrub, stretch, write)}
          name={beside && "recorded"}
          describedBy={beside ? readout : undefined}
          drag={strip}
        />
        {beside && (
          <Late>
            <LaneBand
              {...{ ...beside, axis, width }}
              fraction={scrub.fraction}
              away={scrub.away}
              drag={strip}
            />
          </Late>
        )}
        {brush.frame && <Frame {...{ brush, axis, box, write }} frame={brush.frame} line={timeline} />}
        {hover !== null && (
          <Tip {...{ timeline, axis, write }} fraction={hover}>
            {beside && (
              <Late>
                <LaneTip {...beside} at={momentAt(axis, hover)} />
              </Late>
            )}
          </Tip>
        )}
      </div>
      {lanes && (
        <Late foot={foot}>
          <LaneBar
            choice={lanes}
            {...{ beside, readout, zoomed }}
            at={begun ? scrub.at : null}
            live={scrub.live}
            view={brush.frame ?? timeline}
            onZoom={setZoomed}
          />
        </Late>
      )}
    </>
  );
}

function toldOf(scrub: Scrub, stretch: Stretch | null, write: (time: number) => string): string {
  const told = scrub.live ? "Live" : scrub.blank ? "Before the first event" : write(scrub.at);
  return stretch ? `${told}, ${stretch.regime} since ${write(stretch.from)}` : told;
}

/** What is shown of the line; the same one for as long as it is. */
function useAlong({ from, to }: Span, timeline: Timeline): Timeline {
  return useMemo(
    () => (from === timeline.from && to === timeline.to ? timeline : along({ from, to }, timeline)),
    [from, timeline, to],
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
