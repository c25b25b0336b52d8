import { type RefObject, useLayoutEffect, useState } from "react";

/** Where nothing can be measured. */
const USUAL_PX = 800;

/** How wide an element is, in CSS pixels. */
export function useWidth(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(USUAL_PX);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => setWidth(element.clientWidth || USUAL_PX);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return width;
}
