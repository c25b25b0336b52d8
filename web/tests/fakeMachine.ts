import { act } from "@testing-library/preact";
import { useSyncExternalStore } from "react";
import { vi } from "vitest";
import type { Episode } from "../src/synapse/episodes";
import type { Channel } from "../src/synapse/generated";
import type { Lane } from "../src/synapse/lanes";
import type { Machine, MachineControls } from "../src/synapse/machine";
import type { Snapshot } from "../src/synapse/store";
import { EMPTY_VIEW } from "../src/synapse/view";

export const HASH = "3f2a9c0d1e2f3a4b5c6d7e8f90a1b2c3";

const MACHINE: Machine = {
  status: "paused",
  position: 12_345,
  end: 88_210,
  clock: "2008-10-10T20:00:00.000Z",
  speed: 86_400,
  skipQuiet: false,
  skipping: false,
  stateHash: HASH,
  lastEvent: null,
  problem: null,
};

const LIVE: Snapshot = {
  connection: { name: "live" },
  lastMessageAt: null,
  continuity: { received: 0, missed: 0, duplicates: 0, resumed: 0 },
  position: 88_210,
  invalid: 0,
  problem: null,
  loaded: true,
  epoch: "e1",
  live: EMPTY_VIEW,
  market: EMPTY_VIEW,
  machine: null,
};

/** A time machine that only does what a test says: it notes what is asked of it. */
export class FakePast {
  snapshot = LIVE;
  episodes: readonly Episode[] = [];
  lanes: readonly Lane[] | null = null;
  laneEpisodes: readonly Episode[] | null = null;
  hashOf = vi.fn(async (_position: number): Promise<string> => HASH);
  readonly controls = {
    goTo: vi.fn<MachineControls["goTo"]>(),
    play: vi.fn<MachineControls["play"]>(),
    pause: vi.fn<MachineControls["pause"]>(),
    step: vi.fn<MachineControls["step"]>(),
    stepBars: vi.fn<MachineControls["stepBars"]>(),
    nextShift: vi.fn<MachineControls["nextShift"]>(),
    previousShift: vi.fn<MachineControls["previousShift"]>(),
    setSpeed: vi.fn<MachineControls["setSpeed"]>(),
    setSkipQuiet: vi.fn<MachineControls["setSkipQuiet"]>(),
    close: vi.fn<MachineControls["close"]>(),
  };
  /** The channels that the page may not show. */
  hidden: readonly Channel[] = [];
  private readonly listeners = new Set<() => void>();

  /** Opens the machine, or changes it. */
  replay(change: Partial<Machine> = {}): void {
    this.tell({ machine: { ...(this.snapshot.machine ?? MACHINE), ...change } });
  }

  live(): void {
    this.tell({ machine: null });
  }

  tell(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    act(() => {
      for (const listener of this.listeners) listener();
    });
  }

  /** What the module of the hooks is replaced by. */
  hooks() {
    const subscribe = (listener: () => void): (() => void) => {
      this.listeners.add(listener);
      return () => this.listeners.delete(listener);
    };
    const useSelected = <T,>(select: (snapshot: Snapshot) => T): T =>
      useSyncExternalStore(subscribe, () => select(this.snapshot));
    return {
      useSelected,
      useSynapse: () => useSelected((snapshot) => snapshot),
      useMachine: () => ({
        machine: useSelected(({ machine }) => machine),
        controls: this.controls,
      }),
      useHidden: (needs: readonly Channel[]) => needs.filter((one) => this.hidden.includes(one)),
      useEpisodes: () => this.episodes,
      useLanes: () => useSelected(() => this.lanes),
      useStateHash: () => this.hashOf,
    };
  }
}
