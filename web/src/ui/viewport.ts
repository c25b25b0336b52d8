import { useSyncExternalStore } from "react";
import type { Span } from "../synapse/hooks";

/** What the chart shows (`visible`), and what somebody else wants it to show (`wanted`, with a rising `request`). */
export interface View {
  readonly visible: Span | null;
  readonly wanted: Span | null;
  readonly request: number;
}

/** Where chart and ribbon meet: the chart tells what it shows, the ribbon's brush tells what it should. */
export class Viewport {
  private view: View = { visible: null, wanted: null, request: 0 };
  private readonly listeners = new Set<() => void>();

  get = (): View => this.view;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The chart shows another stretch. */
  tell = (visible: Span | null): void => {
    const known = this.view.visible;
    if (known?.from === visible?.from && known?.to === visible?.to) return;
    this.become({ ...this.view, visible });
  };

  /** The chart is to show a stretch; null: its usual one. */
  ask = (wanted: Span | null): void => {
    this.become({ ...this.view, wanted, request: this.view.request + 1 });
  };

  private become(view: View): void {
    this.view = view;
    for (const listener of this.listeners) listener();
  }
}

export function useViewport(viewport: Viewport): View {
  return useSyncExternalStore(viewport.subscribe, viewport.get);
}
