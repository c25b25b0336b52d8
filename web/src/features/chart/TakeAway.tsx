import { Suspense, lazy, useCallback, useEffect, useRef, useState } from "react";
import "../../ui/button.css";
import type { TakeAwayProps } from "./TakeAwayMenu";

const TakeAwayMenu = lazy(() => import("./TakeAwayMenu"));

/** What can be taken away from the chart; loaded when it is opened for the first time. */
export function TakeAway(props: Omit<TakeAwayProps, "onTaken">) {
  const [opened, setOpened] = useState(false);
  const box = useRef<HTMLDetailsElement>(null);
  const button = useRef<HTMLElement>(null);
  const close = useCallback((): void => {
    if (!box.current?.open) return;
    box.current.open = false;
    button.current?.focus();
  }, []);
  useClosing(box, close);
  return (
    <details className="take-away" ref={box} onToggle={() => setOpened(true)}>
      <summary className="button" ref={button}>
        Take away
      </summary>
      <div className="take-away-menu">
        <Suspense fallback={null}>
          {opened && <TakeAwayMenu {...props} onTaken={close} />}
        </Suspense>
      </div>
    </details>
  );
}

/** Escape closes it, and so does a press elsewhere: then the focus goes where it was pressed. */
function useClosing(
  box: { readonly current: HTMLDetailsElement | null },
  close: () => void,
): void {
  useEffect(() => {
    const details = box.current;
    const press = ({ target }: Event): void => {
      const isInside = target instanceof Node && details?.contains(target);
      if (details?.open && !isInside) details.open = false;
    };
    // Escape is the page's too: it would lead back to live.
    const key = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || !details?.open) return;
      event.preventDefault();
      event.stopPropagation();
      close();
    };
    document.addEventListener("pointerdown", press);
    details?.addEventListener("keydown", key);
    return () => {
      document.removeEventListener("pointerdown", press);
      details?.removeEventListener("keydown", key);
    };
  }, [box, close]);
}
