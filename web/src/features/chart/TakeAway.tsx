import { Suspense, lazy, useState } from "react";
import "../../ui/button.css";
import type { TakeAwayProps } from "./TakeAwayMenu";

const TakeAwayMenu = lazy(() => import("./TakeAwayMenu"));

/** What can be taken away from the chart; loaded when it is opened for the first time. */
export function TakeAway(props: TakeAwayProps) {
  const [opened, setOpened] = useState(false);
  return (
    <details className="take-away" onToggle={() => setOpened(true)}>
      <summary className="button">Take away</summary>
      <div className="take-away-menu">
        <Suspense fallback={null}>{opened && <TakeAwayMenu {...props} />}</Suspense>
      </div>
    </details>
  );
}
