import { type ReactNode, Suspense, lazy } from "react";
import { Boundary } from "../../ui/Boundary";

const load = () => import("./Lane");

/** What shows a lane; loaded when the recorder has one. */
export const LaneBand = lazy(async () => ({ default: (await load()).LaneBand }));
export const LaneBar = lazy(async () => ({ default: (await load()).LaneBar }));
export const LaneTip = lazy(async () => ({ default: (await load()).LaneTip }));

/** Something that comes late, or not at all. */
export function Late({ children }: { readonly children: ReactNode }) {
  return (
    <Boundary fallback={null}>
      <Suspense fallback={null}>{children}</Suspense>
    </Boundary>
  );
}
