import { beforeEach, describe, expect, it, vi } from "vitest";
import { RETRY_MS } from "../../src/synapse/backoff";
import { parseBars } from "../../src/synapse/bars";
import { MachineHost } from "../../src/synapse/machineHost";
import type { PastHost } from "../../src/synapse/pastHost";
import { parseState } from "../../src/synapse/state";
import { FLUSH_MS, SynapseStore } from "../../src/synapse/store";
import { fakeApi } from "../fakeApi";
import { FakeWorld } from "../fakeWorld";
import { control, event } from "../samples";
import { STATE } from "../state";
import { FakeReplay } from "./fakeReplay";

let world: FakeWorld;
let store: SynapseStore;
let asked: string[];
let broken: boolean;
let told: number;

const BAR = { open: null, high: null, low: null, volume: null, regime: null };

const api = fakeApi({
  state: async () => {
    asked.push("state");
    if (broken) throw new Error("state answered 503");
    return parseState(STATE)!;
  },
  bars: async (symbol) => {
    asked.push(symbol);
    if (broken) throw new Error("bars answered 503");
    return parseBars({ head: 100, bars: [{ ...BAR, timestamp: "2018-01-02T21:00:00Z", close: "1" }] })!;
  },
  write: async () => ({ scopes: ["read", "write"], expires_at: null }),
});

/** Lets promises settle, then what they caused be told. */
async function settle(): Promise<void> {
  await new Promise((done) => setTimeout(done, 0));
  world.pass(FLUSH_MS);
}

beforeEach(() => {
  world = new FakeWorld();
  asked = [];
  broken = false;
  told = 0;
  store = new SynapseStore(world, api);
  store.subscribe(() => {
    told += 1;
  });
  store.start();
});

function goLive(): void {
  world.socket.onopen?.();
  world.socket.say(control("subscription_confirmed"));
  world.socket.say(control("caught_up"));
}

describe("the store", () => {
  it("shows the state and then what the socket brings", async () => {
    await settle();
    expect(store.getSnapshot().loaded).toBe(true);
    goLive();
    world.socket.say(event("regime_update", {}, { position: 101 }));
    world.pass(FLUSH_MS);
    const { connection, market } = store.getSnapshot();
    expect(connection.name).toBe("live");
    expect(market.symbols.SPX?.regime?.regime).toBe("CRASH");
  });

  it("tells of many changes at once", async () => {
    await settle();
    goLive();
    world.pass(FLUSH_MS);
    told = 0;
    const before = store.getSnapshot();
    for (let position = 101; position < 601; position += 1) {
      world.socket.say(event("price_update", {}, { position, version: position }));
    }
    expect(store.getSnapshot()).toBe(before);
    world.pass(FLUSH_MS);
    expect(told).toBe(1);
    expect(store.getSnapshot().continuity).toMatchObject({ received: 500, missed: 0 });
  });

  it("asks again for a state that could not be read", async () => {
    await settle();
    store.onStartOver();
    broken = true;
    store.onStartOver();
    await settle();
    expect(store.getSnapshot().loaded).toBe(false);
    broken = false;
    world.pass(RETRY_MS);
    await settle();
    expect(store.getSnapshot().loaded).toBe(true);
    expect(world.warnings).toContain("Error: state answered 503");
  });

  it("drops everything and asks anew when the log is another one", async () => {
    const release = store.feed("SPX").subscribe(() => {});
    await store.openShelf();
    await settle();
    goLive();
    world.socket.say(event("price_alert", {}, { position: 101 }));
    asked = [];
    world.socket.onclose?.({ code: 1006, reason: "" });
    world.pass(500);
    world.socket.onopen?.();
    world.socket.say(control("error", { code: "epoch_mismatch" }));
    world.pass(FLUSH_MS);
    expect(store.getSnapshot().market.symbols).toEqual({});
    await settle();
    expect(asked).toEqual(["state", "SPX"]);
    expect(Object.keys(store.getSnapshot().market.symbols)).toEqual(["SPX", "NEW"]);
    release();
  });

  it("stops without a trace", async () => {
    const stopped = new SynapseStore(world, api);
    stopped.start();
    stopped.stop();
    await settle();
    expect(stopped.getSnapshot().loaded).toBe(false);
    expect(world.socket.closed).toBe(true);
    stopped.start();
    await settle();
    expect(stopped.getSnapshot().loaded).toBe(true);
  });
});

describe("arrivals", () => {
  it("are what happens from now on: neither history nor what is read after a break", async () => {
    const arrived: number[] = [];
    const release = store.onArrival(({ position }) => arrived.push(position));
    world.socket.onopen?.();
    world.socket.say(control("subscription_confirmed"));
    world.socket.say(event("price_alert", {}, { position: 99 }));
    world.socket.say(control("caught_up"));
    world.socket.say(event("price_alert", {}, { position: 101 }));
    world.socket.onclose?.({ code: 1006, reason: "" });
    world.pass(500);
    world.socket.onopen?.();
    world.socket.say(control("subscription_confirmed", { resumed: true }));
    world.socket.say(event("price_alert", {}, { position: 102 }));
    world.socket.say(control("caught_up", { position: 102 }));
    world.socket.say(event("price_alert", {}, { position: 103 }));
    release();
    world.socket.say(event("price_alert", {}, { position: 104 }));
    expect(arrived).toEqual([101, 103]);
  });
});

describe("the past", () => {
  let server: FakeReplay;

  /** Goes to a moment and waits until it is shown. */
  async function goTo(position: number): Promise<void> {
    store.past.controls.goTo({ position });
    await vi.waitFor(() => expect(world.replays.length).toBeGreaterThan(0));
    server = new FakeReplay(world.replay, 200);
    world.replay.onopen?.();
    server.settle();
    world.pass(FLUSH_MS);
  }

  beforeEach(async () => {
    await store.openShelf();
    await settle();
    goLive();
  });

  it("is shown instead of the present, which goes on", async () => {
    await goTo(40);
    world.socket.say(event("price_update", { price: "9" }, { position: 101 }));
    world.pass(FLUSH_MS);
    const { machine, market, live } = store.getSnapshot();
    expect(machine).toMatchObject({ status: "paused", position: 40 });
    expect(market.symbols.SPX?.price?.price).toBe("40");
    expect(live.symbols.SPX?.price?.price).toBe("9");
    store.past.controls.close();
    world.pass(FLUSH_MS);
    expect(store.getSnapshot()).toMatchObject({ machine: null, problem: null });
    expect(store.getSnapshot().market).toBe(store.getSnapshot().live);
  });

  it("has bars of its own, which live prices do not reach", async () => {
    const feed = store.feed("SPX");
    expect(store.feed("SPX")).toBe(feed);
    feed.subscribe(() => {});
    await settle();
    await goTo(40);
    world.socket.say(event("price_update", { timestamp: "2018-02-02T21:00:00Z" }, { position: 101 }));
    expect(feed.read().bars).toHaveLength(1);
    store.past.controls.step(1);
    server.settle();
    expect(feed.read().bars).toHaveLength(2);
  });

  it("does not count for the continuity, nor as arrivals", async () => {
    const arrived: unknown[] = [];
    store.onArrival((one) => arrived.push(one));
    await goTo(40);
    store.past.controls.step(3);
    server.settle();
    world.pass(FLUSH_MS);
    expect(store.getSnapshot().machine?.position).toBe(43);
    expect(store.getSnapshot().continuity).toMatchObject({ received: 0, missed: 0 });
    expect(arrived).toEqual([]);
  });

  it("is left when the log is another one, and it is said why", async () => {
    await goTo(40);
    store.onStartOver();
    world.pass(FLUSH_MS);
    expect(store.getSnapshot().machine).toBeNull();
    expect(store.getSnapshot().problem).toContain("begun anew");
    expect(world.replay.closed).toBe(true);
    await goTo(10);
    expect(store.getSnapshot()).toMatchObject({ problem: null, machine: { position: 10 } });
  });

  it("is closed when the page stops, also while it is being loaded", async () => {
    store.past.controls.goTo({ position: 40 });
    store.stop();
    await settle();
    expect(world.replays).toEqual([]);
  });

  it("says so when it cannot be loaded, and tries again when it is used again", async () => {
    const host = { ...({} as PastHost), world, onChange: () => {} };
    const past = new MachineHost(host, () => Promise.reject(new Error("chunk gone")));
    past.controls.play();
    await settle();
    expect(past.problem).toContain("could not be loaded");
    past.controls.pause();
    expect(past.problem).toBeNull();
    await settle();
    expect(past.problem).toContain("could not be loaded");
  });
});

describe("a launch link", () => {
  it("signs the page in before a line is opened, which takes the cookie with it", async () => {
    const own = new FakeWorld();
    const answers: ((session: unknown) => void)[] = [];
    const write = (): Promise<unknown> => new Promise((done) => answers.push(done));
    const launched = new SynapseStore(own, fakeApi({ write }));
    launched.entrance.launch("code");
    launched.start();
    await settle();
    expect(own.sockets).toEqual([]);
    answers[0]?.({ scopes: ["read", "write"], channels: ["prices"], expires_at: null });
    await settle();
    own.socket.onopen?.();
    expect(own.socket.subscribed.channels).toEqual(["prices"]);
    expect(launched.entrance.session.canWrite).toBe(true);
  });
});
