import { beforeEach, describe, expect, it } from "vitest";
import type { Episode } from "../../src/synapse/episodes";
import { CHANNEL_VALUES, type ReplayCommand, type ServerEvent } from "../../src/synapse/generated";
import { HASH_AFTER_MS } from "../../src/synapse/momentHash";
import { QUIET_EVENTS_PER_S } from "../../src/synapse/quiet";
import { TimeMachine } from "../../src/synapse/timeMachine";
import { EMPTY_VIEW } from "../../src/synapse/view";
import { FakeWorld } from "../fakeWorld";
import { event } from "../samples";
import { FakeReplay, priceAt, stateAt, timeOf } from "./fakeReplay";
import { episode, eventsOf, recorder, settled } from "./fakeRecorder";

const HEAD = 100;
const PRESENT = { ...EMPTY_VIEW, disclaimer: "the present" };
const LOG: ServerEvent[] = Array.from({ length: HEAD }, (_, index) => priceAt(index + 1));

let world: FakeWorld;
let server: FakeReplay;
let machine: TimeMachine;
let head: number;
let moved: number;
let replayed: number[];
let log: readonly ServerEvent[];
let episodes: readonly Episode[] | null;
let asked: string[];

beforeEach(() => {
  world = new FakeWorld();
  head = HEAD;
  moved = 0;
  replayed = [];
  log = LOG;
  episodes = [
    episode(timeOf(5), 5, { previous_regime: null }),
    episode(timeOf(20), 20),
    episode(timeOf(60), 60),
  ];
  const fake = recorder({
    "api/events": (query) => eventsOf(log)(query),
    "api/state": (query) => stateAt(Number(query.get("position"))),
  });
  asked = fake.asked;
  machine = new TimeMachine({
    world,
    api: fake.api,
    present: () => ({ epoch: "e1", position: head, market: PRESENT }),
    channels: () => CHANNEL_VALUES,
    episodes: async () => episodes ?? Promise.reject(new Error("503")),
    onMoved: () => {
      moved += 1;
    },
    onReplayed: (one) => replayed.push(one.position),
    onChange: () => {},
  });
});

function answer(): void {
  server = new FakeReplay(world.replay, head);
  world.replay.onopen?.();
  server.settle();
}

async function at(): Promise<number | undefined> {
  await settled();
  if (world.replays.length > 0 && server?.socket !== world.replay) answer();
  server?.settle();
  return machine.read()?.position;
}

const price = (): string | undefined => machine.market.symbols.SPX?.price?.price;
const speeds = (): unknown[] =>
  (world.replay.sent as ReplayCommand[]).flatMap((one) =>
    one.type === "replay_speed" ? [one.payload.speed] : [],
  );

describe("opening", () => {
  it("shows the present until the moment is there, and says that it is on its way", async () => {
    expect(machine.read()).toBeNull();
    machine.goTo({ position: 40 });
    expect(machine.read()).toMatchObject({ status: "loading", position: HEAD, stateHash: null });
    expect(machine.market).toBe(PRESENT);
    expect(machine.moment).toBeNull();
    expect(await at()).toBe(40);
    expect(machine.read()).toMatchObject({ status: "paused", end: HEAD, stateHash: "h40" });
    expect(price()).toBe("40");
    expect(machine.moment).toMatchObject({ position: 40, clock: timeOf(40) });
    expect(moved).toBe(1);
  });

  it("stands at the head where more is asked for", async () => {
    machine.goTo({ position: HEAD + 7 });
    expect(await at()).toBe(HEAD);
    expect(machine.read()?.status).toBe("finished");
    machine.play();
    expect(await at()).toBe(HEAD);
  });

  it("goes on where the log has grown since", async () => {
    machine.goTo({ position: HEAD });
    expect(await at()).toBe(HEAD);
    head = server.head = HEAD + 9;
    machine.step(2);
    expect(await at()).toBe(HEAD + 2);
    expect(machine.read()).toMatchObject({ status: "paused", end: HEAD + 9 });
    machine.goTo({ position: HEAD + 9 });
    await at();
    head = server.head = HEAD + 12;
    machine.play();
    expect(await at()).toBe(HEAD + 10);
    expect(machine.read()?.status).toBe("playing");
  });

  it("goes to a market time with all that was recorded at that time, late prices aside", async () => {
    const late = event("price_update", { timestamp: timeOf(41), corrects: "x" }, { position: 90 });
    const regime = event("regime_update", { timestamp: timeOf(40) }, { position: 41 });
    log = LOG.map((one) => (one.position === 41 ? regime : one.position === 90 ? late : one));
    machine.goTo({ time: timeOf(40), symbol: "SPX" });
    expect(await at()).toBe(41);
    machine.goTo({ time: "1990-01-01T00:00:00Z", symbol: "SPX" });
    expect(await at()).toBe(0);
  });

  it("plays from there, if that was asked for while the time was looked up", async () => {
    machine.goTo({ time: timeOf(40), symbol: "SPX" });
    machine.play();
    machine.setSpeed("max");
    expect(await at()).toBe(40);
    expect(machine.read()?.status).toBe("playing");
    expect(server.speed).toBe("max");
  });

  it("says so where a time cannot be looked up, and stands at the head", async () => {
    log = [];
    machine.stepBars("SPX", -1);
    expect(await at()).toBe(HEAD);
    expect(machine.read()?.problem).toBe("There is no other price of SPX that way.");
  });
});

describe("moving", () => {
  beforeEach(async () => {
    machine.goTo({ position: 40 });
    await at();
  });

  it("folds what is played onto the state, and tells of it", async () => {
    machine.play();
    server.settle();
    server.play();
    server.settle();
    expect(price()).toBe("41");
    expect(replayed).toEqual([41]);
    expect(machine.read()).toMatchObject({ status: "playing", position: 41, stateHash: null });
    expect(machine.read()?.lastEvent?.position).toBe(41);
  });

  it("is the same object until something changes", () => {
    const before = machine.read();
    expect(machine.read()).toBe(before);
    machine.setSpeed("max");
    expect(machine.read()).not.toBe(before);
  });

  it("steps by events both ways", async () => {
    machine.step(3);
    expect(await at()).toBe(43);
    expect(price()).toBe("43");
    machine.step(-2);
    machine.step(-2);
    expect(await at()).toBe(39);
    machine.step(-1_000);
    expect(await at()).toBe(0);
  });

  it("steps by bars, however fast they are asked for", async () => {
    machine.stepBars("SPX", 1);
    expect(await at()).toBe(41);
    for (let count = 0; count < 5; count += 1) machine.stepBars("SPX", -1);
    expect(await at()).toBe(36);
  });

  it("jumps to the shifts of a symbol, and says where there is none", async () => {
    machine.nextShift("SPX");
    expect(await at()).toBe(60);
    machine.nextShift("SPX");
    expect(await at()).toBe(60);
    expect(machine.read()?.problem).toBe("SPX has no later shift.");
    machine.previousShift("SPX");
    expect(await at()).toBe(20);
    expect(machine.read()?.problem).toBeNull();
    machine.previousShift("SPX");
    expect(await at()).toBe(20);
  });

  it("looks for a shift on the wire where the episodes cannot be read", async () => {
    episodes = null;
    machine.nextShift("SPX");
    await at();
    expect((world.replay.sent.at(-1) as ReplayCommand).type).toBe("replay_next_shift");
    expect(machine.read()?.problem).toBe("no: no_shift");
  });

  it("forgets a time that is looked up when a position is asked for", async () => {
    machine.goTo({ time: timeOf(70), symbol: "SPX" });
    machine.goTo({ position: 10 });
    expect(await at()).toBe(10);
    expect(await at()).toBe(10);
  });

  it("looks only the newest up of many times", async () => {
    asked.length = 0;
    for (let day = 50; day < 80; day += 1) machine.goTo({ time: timeOf(day), symbol: "SPX" });
    expect(await at()).toBe(79);
    expect(asked.length).toBeLessThanOrEqual(4);
  });

  it("is closed without a trace", async () => {
    machine.close();
    expect(machine.read()).toBeNull();
    expect(machine.moment).toBeNull();
    expect(world.replay.closed).toBe(true);
    expect(moved).toBe(2);
    machine.close();
    expect(moved).toBe(2);
  });

  it("opens another line when it was refused and is used again", async () => {
    world.replay.onclose?.({ code: 4401, reason: "" });
    expect(machine.read()?.status).toBe("failed");
    machine.goTo({ position: 50 });
    expect(await at()).toBe(50);
  });
});

describe("the hash of a moment", () => {
  it("is asked for where it stands after it played, and only then", async () => {
    machine.goTo({ position: 40 });
    await at();
    world.pass(HASH_AFTER_MS * 2);
    expect(asked).toEqual([]);
    machine.step(2);
    await at();
    expect(machine.read()?.stateHash).toBeNull();
    world.pass(HASH_AFTER_MS - 1);
    machine.step(1);
    await at();
    world.pass(HASH_AFTER_MS - 1);
    expect(asked).toEqual([]);
    world.pass(1);
    await settled();
    expect(asked).toEqual(["api/state?position=43"]);
    expect(machine.read()?.stateHash).toBe("h43");
  });
});

describe("skipping quiet times", () => {
  it("hurries through calm, and is as slow as was chosen around a shift", async () => {
    const usual = { bars: 10, end: timeOf(15) };
    episodes = [episode(timeOf(5), 5, usual), episode(timeOf(90), 90)];
    machine.setSpeed({ events_per_s: 10 });
    machine.goTo({ position: 8 });
    machine.setSkipQuiet(true, "SPX");
    machine.play();
    await at();
    const speedAt: Record<number, boolean | undefined> = {};
    for (let position = 9; position < 95; position += 1) {
      server.play();
      server.settle();
      speedAt[position] = machine.read()?.skipping;
    }
    const hurried = Object.keys(speedAt).filter((one) => speedAt[Number(one)]).map(Number);
    expect([hurried.at(0), hurried.at(-1)]).toEqual([16, 59]);
    expect(hurried).toHaveLength(59 - 16 + 1);
    expect(machine.read()).toMatchObject({ speed: { events_per_s: 10 }, skipQuiet: true });
    const quiet = { events_per_s: QUIET_EVENTS_PER_S };
    expect(speeds()).toEqual([{ events_per_s: 10 }, quiet, { events_per_s: 10 }]);
  });
});
