import { beforeEach, describe, expect, it } from "vitest";
import { DOUBT_MS_MAX, SynapseClient } from "../../src/synapse/client";
import type { ServerEvent } from "../../src/synapse/generated";
import { FakeWorld } from "../fakeWorld";
import { control, event } from "../samples";

let world: FakeWorld;
let client: SynapseClient;
let events: ServerEvent[];
let startedOver: number;

beforeEach(() => {
  world = new FakeWorld();
  events = [];
  startedOver = 0;
  client = new SynapseClient(world, {
    onEvent: (one) => events.push(one),
    onChange: () => {},
    onStartOver: () => {
      startedOver += 1;
    },
    onClosed: () => {},
  });
  client.start();
});

function confirm(epoch = "e1", resumed = false): void {
  world.socket.onopen?.();
  world.socket.say(control("subscription_confirmed", { epoch, resumed, heartbeat_s: 10 }));
}

function goLive(position = 100, resumed = false): void {
  confirm("e1", resumed);
  world.socket.say(control("caught_up", { position }));
}

const hangUp = (code = 1006, reason = ""): void => world.socket.onclose?.({ code, reason });

describe("the first connection", () => {
  it("subscribes to every channel with the newest of each stream", () => {
    expect(client.connection.name).toBe("connecting");
    world.socket.onopen?.();
    expect(world.socket.sent).toHaveLength(1);
    expect(world.socket.subscribed).toEqual({
      channels: ["regime", "price_alerts", "portfolio", "trades", "prices", "system"],
      history: { last: 50 },
    });
  });

  it("catches up, then is live", () => {
    confirm();
    expect(client.connection.name).toBe("catching_up");
    world.socket.say(event("price_update", {}, { position: 90 }));
    world.socket.say(control("caught_up", { position: 100 }));
    expect(client.connection.name).toBe("live");
    expect(events).toHaveLength(1);
    expect(client.cursor.position).toBe(100);
  });

  it("keeps trying when nobody answers", () => {
    world.pass(10_000);
    expect(client.connection.name).toBe("reconnecting");
    expect(world.socket.closed).toBe(true);
    world.pass(500);
    expect(world.sockets).toHaveLength(2);
  });
});

describe("resuming", () => {
  it("sends the cursor: the epoch and the highest position of events and heads", () => {
    goLive(100);
    world.socket.say(event("price_update", {}, { position: 104 }));
    world.socket.say(control("heartbeat", { head: 130 }));
    hangUp();
    world.pass(500);
    world.socket.onopen?.();
    expect(world.socket.subscribed.history).toEqual({ after: 130 });
    expect(world.socket.subscribed.epoch).toBe("e1");
    world.socket.say(control("subscription_confirmed", { resumed: true }));
    expect(client.cursor.continuity.resumed).toBe(1);
  });

  it("drops what it has seen and counts what is missing", () => {
    goLive(100);
    const prices = { stream: "prices:SPX" };
    world.socket.say(event("price_update", {}, { ...prices, position: 101, version: 5 }));
    world.socket.say(event("price_update", {}, { ...prices, position: 101, version: 5 }));
    world.socket.say(event("price_update", {}, { ...prices, position: 103, version: 8 }));
    expect(events.map((one) => one.position)).toEqual([101, 103]);
    expect(client.cursor.continuity).toMatchObject({ received: 2, missed: 2, duplicates: 1 });
  });

  it.each(["epoch_mismatch", "position_beyond_head"])("starts over after %s", (code) => {
    goLive(100);
    hangUp();
    world.pass(500);
    world.socket.onopen?.();
    world.socket.say(control("error", { code }));
    expect(startedOver).toBe(1);
    expect(world.socket.sent).toHaveLength(2);
    expect(world.socket.subscribed.history).toEqual({ last: 50 });
    expect(world.socket.subscribed.epoch).toBeUndefined();
    world.socket.say(control("subscription_confirmed", { epoch: "e2" }));
    world.socket.say(event("price_update", {}, { position: 3, version: 1 }));
    expect(events.at(-1)?.position).toBe(3);
    expect(client.cursor.epoch).toBe("e2");
  });
});

describe("waiting to reconnect", () => {
  it("backs off further with every failure and is quick again after a success", () => {
    const delays: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      hangUp();
      if (client.connection.name !== "reconnecting") throw new Error(client.connection.name);
      delays.push(client.connection.retryAt - world.time);
      world.pass(delays.at(-1) ?? 0);
    }
    expect(delays).toEqual([375, 750, 1500, 3000, 6000, 11_250, 11_250]);
    goLive();
    hangUp();
    expect(client.connection).toEqual({ name: "reconnecting", retryAt: world.time + 375 });
  });

  it("obeys a shutdown's wish", () => {
    goLive();
    world.socket.say(control("shutdown", { reconnect_after_s: 3 }));
    hangUp(1012);
    expect(client.connection).toEqual({ name: "reconnecting", retryAt: world.time + 3000 });
  });

  it("does not wait when the network or the person comes back", () => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      hangUp();
      world.pass(20_000);
    }
    hangUp();
    const before = world.sockets.length;
    client.wake();
    expect(world.sockets).toHaveLength(before + 1);
    client.wake();
    expect(world.sockets).toHaveLength(before + 1);
    world.pass(9_000);
    expect(world.sockets).toHaveLength(before + 1);
  });

  it("says offline while there is no network", () => {
    goLive();
    world.isOnline = false;
    hangUp();
    expect(client.connection.name).toBe("offline");
  });

  it("stops when it is told to", () => {
    goLive();
    client.stop();
    expect(world.socket.closed).toBe(true);
    world.pass(100_000);
    expect(world.sockets).toHaveLength(1);
  });
});

describe("silence", () => {
  it("is stale after two and a half heartbeats, and a new line is opened", () => {
    goLive();
    world.pass(24_999);
    expect(client.connection.name).toBe("live");
    world.pass(1);
    expect(client.connection.name).toBe("stale");
    expect(world.sockets).toHaveLength(2);
    expect(world.sockets[0]?.closed).toBe(true);
    goLive(100, true);
    expect(client.connection.name).toBe("live");
  });

  it("is not stale while heartbeats come", () => {
    goLive();
    for (let beat = 0; beat < 10; beat += 1) {
      world.pass(10_000);
      world.socket.say(control("heartbeat"));
    }
    expect(world.sockets).toHaveLength(1);
  });

  it("is looked for when the device says that it is offline", () => {
    goLive();
    client.doubt();
    expect(world.socket.sent.at(-1)).toMatchObject({ type: "ping" });
    world.socket.say(control("pong"));
    world.pass(DOUBT_MS_MAX);
    expect(client.connection.name).toBe("live");
    client.doubt();
    world.pass(DOUBT_MS_MAX);
    expect(client.connection.name).toBe("stale");
  });

  it("is noticed at once after a sleep in which no timer ran", () => {
    goLive();
    world.time += 3_600_000;
    client.wake();
    expect(client.connection.name).toBe("stale");
    expect(world.sockets).toHaveLength(2);
  });
});

describe("refusals", () => {
  it.each([4400, 4403, 4429, 4799])("end without another try: %i", (code) => {
    hangUp(code, "because");
    expect(client.connection.name).toBe("refused");
    if (client.connection.name === "refused") {
      expect(client.connection.reason).toContain("because");
      expect(client.connection.reason).toContain(String(code));
    }
    world.pass(100_000);
    client.wake();
    expect(world.sockets).toHaveLength(1);
  });

  it.each([1000, 1001, 1006, 1012, 4000, 4008, 4399])("are not %i: it comes back", (code) => {
    hangUp(code);
    world.pass(500);
    expect(world.sockets).toHaveLength(2);
  });

  it("follow from an error that answers the subscribe", () => {
    world.socket.onopen?.();
    const { msg_id } = world.socket.sent[0] as { msg_id: string };
    world.socket.say(control("error", { request_msg_id: msg_id, message: "no such channel" }));
    expect(client.connection.name).toBe("refused");
  });

  it("are not an error of the server's own: it tries again", () => {
    world.socket.onopen?.();
    const { msg_id } = world.socket.sent[0] as { msg_id: string };
    const severity = "system_error";
    world.socket.say(control("error", { request_msg_id: msg_id, severity }));
    expect(client.connection.name).toBe("reconnecting");
  });
});

describe("what the page does not understand", () => {
  it("is ignored when its type is unknown, counted when it does not fit", () => {
    goLive();
    world.socket.say({ ...control("pong"), type: "from_the_future" });
    world.socket.say({ ...event("price_update"), new_field: true, position: 101 });
    expect(client.invalid).toBe(0);
    world.socket.say("{not json");
    world.socket.say({ ...event("price_update"), payload: {} });
    expect(client.invalid).toBe(2);
    expect(world.warnings).toHaveLength(2);
    expect(events).toHaveLength(1);
  });

  it("asks for a reload when the protocol has moved on", () => {
    world.socket.onopen?.();
    world.socket.say(control("subscription_confirmed", { protocol_version: 2 }));
    expect(client.problem).toContain("reload");
  });

  it("falls back to catching up while the server lags", () => {
    goLive();
    world.socket.say(control("lagging"));
    expect(client.connection.name).toBe("catching_up");
    world.socket.say(control("caught_up", { position: 300 }));
    expect(client.connection.name).toBe("live");
  });
});
