import { type ReactNode, Suspense, lazy } from "react";
import { createPortal } from "react-dom";
import { Boundary } from "../../ui/Boundary";

const load = () => import("./Lane");

/** What shows a lane; loaded when the recorder has one. */
export const LaneBand = lazy(async () => ({ default: (await load()).LaneBand }));
export const LaneBar = lazy(async () => ({ default: (await load()).LaneBar }));
export const LaneTip = lazy(async () => ({ default: (await load()).LaneTip }));

interface LateProps {
  readonly children: ReactNode;
  /** Where else on the page it is put; null: the place is not there yet. */
  readonly foot?: Element | null | undefined;
}

/** Something that comes late, or not at all. */
export function Late({ children, foot }: LateProps) {
  const late = (
    <Boundary fallback={null}>
      <Suspense fallback={null}>{children}</Suspense>
    </Boundary>
  );
  if (foot === undefined) return late;
  return foot && createPortal(late, foot);
}
