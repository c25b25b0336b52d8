import { type PointerEvent, useState } from "react";
import type { Span } from "../../synapse/hooks";

/** What is shown follows the chart, but stands still while a pointer is held on it. */
export interface Still {
  readonly span: Span | null;
  /** For the element on which a pointer is held, which shows `axis` now. */
  on(axis: Span): {
    onPointerDownCapture: () => void;
    onPointerMoveCapture: (event: PointerEvent) => void;
    onPointerUp: () => void;
    onPointerCancel: () => void;
  };
}

export function useStill(): Still {
  const [span, setSpan] = useState<Span | null>(null);
  const release = (): void => setSpan(null);
  return {
    span,
    on: (axis) => ({
      onPointerDownCapture: () => setSpan(axis),
      // It may have been let go elsewhere.
      onPointerMoveCapture: ({ buttons }) => {
        if (buttons === 0) release();
      },
      onPointerUp: release,
      onPointerCancel: release,
    }),
  };
}
