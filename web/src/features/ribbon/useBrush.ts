import { type KeyboardEvent, useMemo, useRef } from "react";
import type { Span } from "../../synapse/hooks";
import { throttle } from "../../ui/throttle";
import { type Viewport, useViewport } from "../../ui/viewport";
import { type Grip, around, drawn, moved, within } from "./brush";
import { fractionAt, momentAt } from "./timeline";
import type { DragHandlers } from "./useDrag";
import { useHeld } from "./useHeld";

/** While the frame is dragged, the chart is asked at most once in so many milliseconds. */
export const BRUSH_MS = 60;
/** How far a key moves a grip, in widths of the frame. */
const KEY_STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -0.05,
  ArrowDown: -0.05,
  ArrowRight: 0.05,
  ArrowUp: 0.05,
  PageDown: -0.5,
  PageUp: 0.5,
};

/** Where a drag began, and what the frame was then. */
interface Begun {
  readonly at: number;
  readonly frame: Span | null;
}

export interface Brush {
  /** What the chart shows of the line; null while it shows nothing of it. */
  readonly frame: Span | null;
  /** What the ribbon shows: the line, or when it is zoomed what is around the frame. */
  readonly axis: Span;
  /** A new frame is drawn. */
  readonly draw: DragHandlers;
  /** One grip of the frame is dragged. */
  grip(grip: Grip): DragHandlers;
  onKeyDown(grip: Grip, event: KeyboardEvent): void;
  /** The chart's usual stretch. */
  reset(): void;
}

/**
 * The chart's stretch as a frame on the line, and the ways to change it; `least` seconds is the shortest.
 * With `still` the ribbon is zoomed: it shows that span, or where it is null what is around the frame.
 */
export function useBrush(
  viewport: Viewport,
  line: Span,
  least: number,
  still?: Span | null,
): Brush {
  const { visible } = useViewport(viewport);
  const held = useHeld<Span>(visible);
  const frame = within(held.value ?? visible, line);
  const axis = still !== undefined && frame ? (still ?? around(frame, line)) : line;
  const begun = useRef<Begun>({ at: 0, frame: null });
  const asking = useMemo(() => throttle<Span>(BRUSH_MS, viewport.ask), [viewport]);

  const follow = (next: (at: number, begun: Begun) => Span | null): DragHandlers => ({
    start: (at) => {
      begun.current = { at, frame };
    },
    move: (at) => {
      const span = next(at, begun.current);
      if (!span) return;
      held.hold(span);
      asking.call(span);
    },
    end: (at, dragged) => {
      const span = dragged ? next(at, begun.current) : null;
      if (span) {
        asking.call(span);
        held.leave(span);
      }
      asking.flush();
    },
    cancel: held.drop,
  });
  const draw = follow((at, from) =>
    drawn(momentAt(axis, from.at), momentAt(axis, at), line, least),
  );
  const grip = (one: Grip): DragHandlers =>
    follow((at, from) => {
      const by = (at - from.at) * (axis.to - axis.from);
      return from.frame && moved(from.frame, one, by, line, least);
    });
  const change = (span: Span): void => {
    held.leave(span);
    viewport.ask(span);
  };
  return {
    frame,
    axis,
    draw,
    grip,
    onKeyDown: (one, event) => {
      const next = frame && keyed(event.key, one, frame, line, least);
      if (!next || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      change(next);
    },
    reset: () => {
      asking.cancel();
      held.drop();
      viewport.ask(null);
    },
  };
}

function keyed(key: string, grip: Grip, frame: Span, line: Span, least: number): Span | null {
  const step = KEY_STEPS[key];
  const length = frame.to - frame.from;
  if (step !== undefined) return moved(frame, grip, step * length, line, least);
  if (key === "Home") return moved(frame, grip, line.from - line.to, line, least);
  return key === "End" ? moved(frame, grip, line.to - line.from, line, least) : null;
}

/** Where a frame stands along the line, from 0 to 1. */
export function edges(frame: Span, line: Span): readonly [number, number] {
  return [fractionAt(line, frame.from), fractionAt(line, frame.to)];
}
