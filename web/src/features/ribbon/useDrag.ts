import { type PointerEvent, type RefObject, useRef } from "react";

/** A pointer that has moved less than this has clicked. */
const CLICK_PX = 3;

/** What happens to a drag; places are fractions of the box, and may lie outside of 0 and 1. */
export interface DragHandlers {
  start(at: number, event: PointerEvent): void;
  move(at: number): void;
  /** `dragged` is false where the pointer hardly moved: a click. */
  end(at: number, dragged: boolean): void;
  cancel(): void;
}

interface Held {
  readonly pointer: number;
  readonly x: number;
  dragged: boolean;
}

/** Follows one pointer from its press to its release, wherever it goes meanwhile. */
export function useDrag(box: RefObject<HTMLElement | null>, on: DragHandlers) {
  const held = useRef<Held | null>(null);
  const fraction = (event: PointerEvent): number => {
    const { left, width } = box.current?.getBoundingClientRect() ?? { left: 0, width: 0 };
    return width > 0 ? (event.clientX - left) / width : 0;
  };
  const mine = (event: PointerEvent): boolean => held.current?.pointer === event.pointerId;
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0 || held.current) return;
      event.stopPropagation();
      event.currentTarget.setPointerCapture?.(event.pointerId);
      held.current = { pointer: event.pointerId, x: event.clientX, dragged: false };
      on.start(fraction(event), event);
    },
    onPointerMove: (event: PointerEvent) => {
      if (!held.current || !mine(event)) return;
      held.current.dragged ||= Math.abs(event.clientX - held.current.x) >= CLICK_PX;
      if (held.current.dragged) on.move(fraction(event));
    },
    onPointerUp: (event: PointerEvent) => {
      if (!held.current || !mine(event)) return;
      const { dragged } = held.current;
      held.current = null;
      on.end(fraction(event), dragged);
    },
    onPointerCancel: (event: PointerEvent) => {
      if (!mine(event)) return;
      held.current = null;
      on.cancel();
    },
  };
}
