import { type KeyboardEvent, useMemo } from "react";
import type { Span } from "../../synapse/hooks";
import { useMachine } from "../../synapse/hooks";
import { throttle } from "../../ui/throttle";
import { fractionAt, iso, momentAt, seconds } from "./timeline";
import type { DragHandlers } from "./useDrag";
import { useHeld } from "./useHeld";

/** While the scrubber is dragged, the moment is asked for at most once in so many milliseconds. */
export const SCRUB_MS = 120;
/** So near to the right end is live. */
const LIVE_PX = 6;

export interface Scrub {
  /** Where the moment stands along the axis, from 0 to 1. */
  readonly fraction: number;
  /** Whether it lies outside of the axis. */
  readonly away: boolean;
  readonly live: boolean;
  /** The moment in seconds since 1970. */
  readonly at: number;
  /** Whether it is before all that was recorded. */
  readonly blank: boolean;
  readonly handlers: DragHandlers;
  onKeyDown(event: KeyboardEvent): void;
}

/** Moves the shown moment along what the ribbon shows of the line: by dragging, by a click, and by keys. */
export function useScrub(symbol: string, line: Span, axis: Span, width: number): Scrub {
  const { machine, controls } = useMachine();
  const held = useHeld<number>(machine?.position ?? null, machine?.status === "loading");
  const clock = machine?.clock ?? null;
  // On its way it has no clock yet; where it stands without one, nothing has happened.
  const blank = machine !== null && machine.status !== "loading" && clock === null;
  const there = clock === null ? (blank ? line.from : line.to) : seconds(clock);
  const shown = held.value ?? (machine ? there : line.to);
  const isLive = (at: number): boolean => axis.to >= line.to && (1 - at) * width < LIVE_PX;
  const going = useMemo(
    () =>
      throttle<number>(SCRUB_MS, (at) => {
        controls.goTo({ time: iso(at), symbol });
      }),
    [controls, symbol],
  );

  const move = (raw: number): void => {
    const at = Math.min(1, Math.max(0, raw));
    held.hold(momentAt(axis, at));
    if (isLive(at)) going.cancel();
    else going.call(momentAt(axis, at));
  };
  const end = (raw: number): void => {
    const at = Math.min(1, Math.max(0, raw));
    if (isLive(at)) {
      going.cancel();
      held.drop();
      if (machine) controls.close();
      return;
    }
    going.call(momentAt(axis, at));
    going.flush();
    held.leave(momentAt(axis, at));
  };

  const keys: Record<string, () => void> = {
    ArrowLeft: () => controls.stepBars(symbol, -1),
    ArrowDown: () => controls.stepBars(symbol, -1),
    PageDown: () => controls.previousShift(symbol),
    Home: () => controls.goTo({ time: iso(line.from), symbol }),
    // Nothing comes after now.
    ArrowRight: () => machine && controls.stepBars(symbol, 1),
    ArrowUp: () => machine && controls.stepBars(symbol, 1),
    PageUp: () => machine && controls.nextShift(symbol),
    End: () => machine && controls.close(),
  };
  return {
    fraction: fractionAt(axis, shown),
    away: shown < axis.from || shown > axis.to,
    live: machine === null && held.value === null,
    at: shown,
    blank: blank && held.value === null,
    handlers: { start: () => {}, move, end, cancel: held.drop },
    onKeyDown: (event) => {
      const act = event.ctrlKey || event.altKey || event.metaKey ? undefined : keys[event.key];
      if (!act) return;
      event.preventDefault();
      event.stopPropagation();
      held.drop();
      act();
    },
  };
}
