import type { Viewport } from "../../ui/viewport";
import type { ChartView } from "./chartView";

const STEP = 0.1;
const ZOOM = 0.75;

/** The keys of the chart while it has the focus: they are its own then, not the page's. */
export function chartKey(
  event: KeyboardEvent,
  view: Pick<ChartView, "move">,
  viewport: Pick<Viewport, "ask">,
): void {
  const acts: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => view.move(-STEP),
    ArrowRight: () => view.move(STEP),
    "+": () => view.move(0, ZOOM),
    "=": () => view.move(0, ZOOM),
    "-": () => view.move(0, 1 / ZOOM),
    Home: () => viewport.ask(null),
  };
  const act = acts[event.key];
  if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}
