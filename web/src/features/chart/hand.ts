/** A person's hand on the chart. */
export interface Hand {
  /** Whether a pointer is down: what is under it must not move by itself. */
  readonly holds: () => boolean;
  readonly dispose: () => void;
}

/** Tells of every drag and every turn of the wheel; the library does not say who has moved it. */
export function watchHand(box: HTMLElement, moved: () => void): Hand {
  let isDown = false;
  const down = (): void => {
    isDown = true;
  };
  const up = (): void => {
    isDown = false;
  };
  const drag = (): void => {
    if (isDown) moved();
  };
  const listeners = [
    [box, "pointerdown", down],
    [window, "pointerup", up],
    [window, "pointercancel", up],
    [window, "pointermove", drag],
    [box, "touchmove", moved],
    [box, "wheel", moved],
  ] as const;
  for (const [target, name, listener] of listeners) {
    target.addEventListener(name, listener, { passive: true, capture: true });
  }
  return {
    holds: () => isDown,
    dispose: () => {
      for (const [target, name, listener] of listeners) {
        target.removeEventListener(name, listener, { capture: true });
      }
    },
  };
}
