import { Suspense, lazy } from "react";
import { useSettings } from "../synapse/hooks";
import { Boundary } from "../ui/Boundary";
import { again } from "../ui/again";

const Toasts = lazy(() => again(() => import("../features/toasts/Toasts")));
const Notifier = lazy(() => again(() => import("../features/notify/Notifier")));

/** What tells of things as they happen; loaded after the page, and only as far as it is wanted. */
export function Heralds() {
  const { notifications, sound } = useSettings();
  return (
    <Boundary fallback={null}>
      <Suspense fallback={null}>
        <Toasts />
      </Suspense>
      {/* Apart: two that are late within one Suspense end as an error that nobody catches. */}
      <Suspense fallback={null}>{(notifications || sound) && <Notifier />}</Suspense>
    </Boundary>
  );
}
