import { beforeEach, describe, expect, it } from "vitest";
import type { Api } from "../../src/synapse/api";
import { BARS_MAX, parseBars } from "../../src/synapse/bars";
import { parseState } from "../../src/synapse/state";
import { FLUSH_MS, RETRY_MS, SynapseStore } from "../../src/synapse/store";
import { FakeWorld } from "../fakeWorld";
import { control, event } from "../samples";
import { STATE } from "../state";

let world: FakeWorld;
let store: SynapseStore;
let asked: string[];
let broken: boolean;
let told: number;

const BAR = { open: null, high: null, low: null, volume: null, regime: null };

const api: Api = {
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
};

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
    const unwatch = store.watchBars("SPX");
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
    expect(asked).toEqual(["state", "SPX"]);
    await settle();
    expect(Object.keys(store.getSnapshot().market.symbols)).toEqual(["SPX", "NEW"]);
    unwatch();
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

describe("bars", () => {
  it("are loaded when they are watched, kept up to date, and dropped afterwards", async () => {
    expect(store.readBars("SPX").status).toBe("loading");
    const unwatch = store.watchBars("SPX");
    await settle();
    goLive();
    world.socket.say(event("price_update", {}, { position: 101 }));
    world.socket.say(event("price_update", { symbol: "SIM" }, { position: 102 }));
    expect(store.readBars("SPX").bars).toHaveLength(2);
    unwatch();
    expect(store.readBars("SPX").bars).toHaveLength(0);
  });

  it("are asked for again when they could not be read", async () => {
    broken = true;
    store.watchBars("SPX");
    await settle();
    expect(store.readBars("SPX").status).toBe("failed");
    broken = false;
    world.pass(RETRY_MS);
    await settle();
    expect(store.readBars("SPX").status).toBe("ready");
  });

  it("are loaded anew, thinned out, when there are too many", async () => {
    store.watchBars("SPX");
    await settle();
    goLive();
    asked = [];
    for (let index = 1; index < BARS_MAX + 10; index += 1) {
      const timestamp = new Date(1_600_000_000_000 + index * 1000).toISOString();
      world.socket.say(event("price_update", { timestamp }, { position: 100 + index }));
    }
    expect(asked).toEqual(["SPX"]);
    await settle();
    expect(store.readBars("SPX").bars.length).toBeGreaterThan(1);
    expect(asked).toEqual(["SPX"]);
  });
});
