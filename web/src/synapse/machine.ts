import type { ReplayStatePayload, ServerEvent } from "./generated";
import { DAY_S } from "./span";

/** Market seconds a second, as fast as it goes, or events a second. */
export type Speed = ReplayStatePayload["speed"];

/** A day of the market a second: what the time machine begins with. */
export const DEFAULT_SPEED: Speed = DAY_S;

/** A moment to go to: right after a position, or a market time of one symbol. */
export type MomentAsked =
  | { readonly position: number }
  | { readonly time: string; readonly symbol: string };

/** The time machine while it is open: everything that is shown is of `position`, not of now. */
export interface Machine {
  readonly status: "loading" | "playing" | "paused" | "finished" | "failed";
  /** All up to here is in what is shown. */
  readonly position: number;
  readonly end: number;
  /** The market's time there; null before the first event. */
  readonly clock: string | null;
  /** The speed that was chosen; what runs may be faster while `skipping`. */
  readonly speed: Speed;
  readonly skipQuiet: boolean;
  /** Whether it hurries through calm at this moment. */
  readonly skipping: boolean;
  /** The hash of the whole state at `position`; null while it is not known yet or the machine plays. */
  readonly stateHash: string | null;
  /** The newest event that was folded in since the last jump. */
  readonly lastEvent: ServerEvent | null;
  /** Why it does not go on, in plain words. */
  readonly problem: string | null;
}

/** What a person may do with the time machine. From live, each of them opens it (paused, but for `play`). */
export interface MachineControls {
  goTo(moment: MomentAsked): void;
  play(): void;
  pause(): void;
  /** Events forwards (they are played) or backwards (a jump). */
  step(events: number): void;
  /** A symbol's bars forwards or backwards. */
  stepBars(symbol: string, bars: number): void;
  nextShift(symbol: string): void;
  previousShift(symbol: string): void;
  setSpeed(speed: Speed): void;
  setSkipQuiet(on: boolean, symbol: string): void;
  /** Back to live. */
  close(): void;
}
