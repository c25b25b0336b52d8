import { Suspense, lazy } from "react";
import { useSettings } from "../synapse/hooks";
import { Boundary } from "../ui/Boundary";

const Toasts = lazy(() => import("../features/toasts/Toasts"));
const Notifier = lazy(() => import("../features/notify/Notifier"));

/** What tells of things as they happen; loaded after the page, and only as far as it is wanted. */
export function Heralds() {
  const { notifications, sound } = useSettings();
  return (
    <Boundary fallback={null}>
      <Suspense fallback={null}>
        <Toasts />
        {(notifications || sound) && <Notifier />}
      </Suspense>
    </Boundary>
  );
}
