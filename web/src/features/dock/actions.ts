import { useMachine } from "../../synapse/hooks";
import { DEFAULT_SPEED, type Machine, type Speed } from "../../synapse/machine";
import type { KeyAction, KeyMap } from "../../ui/keys";
import { INTRADAY_SPEED, type SpeedChoice, besides, speedChoices } from "./speeds";

/** What the app does for the dock. */
export interface DockTasks {
  /** Copies a link to what is shown. */
  readonly onCopyLink: () => void;
  /** Pins the shown moment to compare, or lets it go. */
  readonly onPin: () => void;
  readonly onAskDate: () => void;
}

/** Everything that the dock's buttons and keys do. */
export interface DockActions extends DockTasks {
  readonly machine: Machine | null;
  readonly choices: readonly SpeedChoice[];
  playOrPause(): void;
  step(events: number): void;
  stepBars(bars: number): void;
  previousShift(): void;
  nextShift(): void;
  setSpeed(speed: Speed): void;
  toggleQuiet(): void;
  backToLive(): void;
}

export function useDockActions(
  symbol: string | null,
  intraday: boolean,
  count: (value: number) => string,
  tasks: DockTasks,
): DockActions {
  const { machine, controls } = useMachine();
  const choices = speedChoices(intraday, machine?.speed ?? DEFAULT_SPEED, count);
  const previousShift = (): void => {
    if (symbol === null) return;
    controls.previousShift(symbol);
    if (!machine && intraday) controls.setSpeed(INTRADAY_SPEED);
  };
  return {
    ...tasks,
    machine,
    choices,
    previousShift,
    // What comes after now is not known: forwards goes only from the past.
    nextShift: () => machine && symbol !== null && controls.nextShift(symbol),
    step: (events) => (machine || events < 0) && controls.step(events),
    stepBars: (bars) => symbol !== null && (machine || bars < 0) && controls.stepBars(symbol, bars),
    playOrPause: () => {
      if (!machine) previousShift();
      else if (machine.status === "playing") controls.pause();
      else controls.play();
    },
    setSpeed: controls.setSpeed,
    toggleQuiet: () =>
      machine && symbol !== null && controls.setSkipQuiet(!machine.skipQuiet, symbol),
    backToLive: () => machine && controls.close(),
  };
}

const one = (label: string, run: () => void): KeyAction => ({ label, run });

const held = (label: string, run: () => void): KeyAction => ({ label, run, repeats: true });

/** The keys of the time machine. */
export function dockKeys(actions: DockActions): KeyMap {
  const { choices, machine } = actions;
  const shift = (by: 1 | -1): void => {
    if (machine) actions.setSpeed(besides(choices, machine.speed, by));
  };
  return {
    Space: one("Play or pause", actions.playOrPause),
    "[": one("Previous shift", actions.previousShift),
    "]": one("Next shift", actions.nextShift),
    ArrowLeft: held("One bar back", () => actions.stepBars(-1)),
    ArrowRight: held("One bar forward", () => actions.stepBars(1)),
    ",": held("One event back", () => actions.step(-1)),
    ".": held("One event forward", () => actions.step(1)),
    "-": one("Slower", () => shift(-1)),
    "+": one("Faster", () => shift(1)),
    q: one("Skip quiet times", actions.toggleQuiet),
    g: one("Go to a date", actions.onAskDate),
    p: one("Pin this moment to compare", actions.onPin),
    c: one("Copy link", actions.onCopyLink),
    l: one("Back to live", actions.backToLive),
    Escape: one("Back to live", actions.backToLive),
  };
}
