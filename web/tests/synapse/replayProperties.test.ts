import { describe, expect, it } from "vitest";
import { CHANNEL_VALUES } from "../../src/synapse/generated";
import { TimeMachine } from "../../src/synapse/timeMachine";
import { EMPTY_VIEW } from "../../src/synapse/view";
import { fakeApi } from "../fakeApi";
import { FakeWorld } from "../fakeWorld";
import { FakeReplay } from "./fakeReplay";

const HEAD = 60;
const RUNS = 300;
const MOVES = 80;

/** A generator of numbers in [0, 1) that is the same for the same seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One person, one server, one network, each doing something by chance. */
class Run {
  readonly world = new FakeWorld();
  /** Where the person last asked to be; null after something else than a jump. */
  asked: number | null = null;
  /** All positions that were asked for, and so may be landed on. */
  readonly allowed = new Set<number>();
  readonly machine: TimeMachine;
  private server: FakeReplay | null = null;
  private landings = 0;
  private last = 0;
  private readonly roll: () => number;

  constructor(seed: number) {
    this.roll = dice(seed);
    this.machine = new TimeMachine({
      world: this.world,
      api: fakeApi(),
      present: () => ({ epoch: "e1", position: HEAD, market: EMPTY_VIEW }),
      channels: () => CHANNEL_VALUES,
      episodes: () => new Promise(() => {}),
      onMoved: () => this.landed(),
      onReplayed: ({ position }) => this.played(position),
      onChange: () => {},
    });
    this.seek();
  }

  move(): void {
    const server = this.connected();
    const acts: (() => void)[] = [
      () => this.seek(),
      () => this.seek(),
      () => this.machine.play(),
      () => this.machine.pause(),
      () => this.step(),
      () => server.take(),
      () => server.take(),
      () => server.play(),
      () => server.play(),
      () => server.beat(),
      () => server.deliver(),
      () => server.deliver(),
      () => server.deliver(),
      () => this.roll() < 0.1 && this.drop(),
    ];
    acts[Math.floor(this.roll() * acts.length)]?.();
    this.check();
  }

  /** Everything comes to its end. */
  rest(): void {
    for (let second = 0; second < 40 && (second === 0 || this.isLoading); second += 1) {
      this.connected().settle();
      this.world.pass(1_000);
    }
    this.connected().settle();
    this.check();
  }

  private get isLoading(): boolean {
    return this.machine.read()?.status === "loading";
  }

  private connected(): FakeReplay {
    if (this.server?.socket !== this.world.replay) {
      this.server = new FakeReplay(this.world.replay, HEAD);
      this.world.replay.onopen?.();
    }
    return this.server;
  }

  private seek(): void {
    const position = Math.floor(this.roll() * (HEAD + 5));
    this.asked = Math.min(position, HEAD);
    this.allowed.add(this.asked);
    this.machine.goTo({ position });
  }

  private step(): void {
    this.asked = null;
    this.machine.step(1 + Math.floor(this.roll() * 3));
  }

  private drop(): void {
    // What was shown may be landed on again.
    this.allowed.add(this.machine.read()?.position ?? 0);
    this.world.replay.onclose?.({ code: 1006, reason: "" });
    this.world.pass(20_000);
  }

  private landed(): void {
    const position = this.machine.moment?.position ?? -1;
    this.landings += 1;
    this.last = position;
    expect(this.allowed).toContain(position);
    // Nobody wants to be elsewhere by now.
    if (this.asked !== null) expect(position).toBe(this.asked);
  }

  private played(position: number): void {
    expect(position).toBe(this.last + 1);
    this.last = position;
  }

  /** What is shown is the market right after the position that is told, whole. */
  private check(): void {
    if (this.landings === 0) return;
    const { position } = this.machine.read() ?? { position: -1 };
    expect(position).toBe(this.last);
    expect(this.machine.market.symbols.SPX?.price?.price).toBe(`${position}`);
  }
}

describe("a replay, whatever happens when", () => {
  it("never shows a hole, an event that is older than the moment, or an overtaken place", () => {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const run = new Run(seed);
      for (let count = 0; count < MOVES; count += 1) run.move();
      run.machine.pause();
      run.rest();
      expect(run.machine.read()?.status, `seed ${seed}`).not.toBe("loading");
    }
  });

  it("comes to rest where it was asked to go", () => {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const run = new Run(seed + 10_000);
      for (let count = 0; count < MOVES; count += 1) run.move();
      run.machine.pause();
      run.rest();
      run.machine.goTo({ position: seed % HEAD });
      run.asked = seed % HEAD;
      run.allowed.add(run.asked);
      run.rest();
      expect(run.machine.read()?.position, `seed ${seed}`).toBe(seed % HEAD);
    }
  });
});
