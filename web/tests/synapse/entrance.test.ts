import { beforeEach, describe, expect, it } from "vitest";
import { type Api, Refusal } from "../../src/synapse/api";
import { SynapseClient } from "../../src/synapse/client";
import { Entrance, IS_OVER, WANTS_A_TOKEN } from "../../src/synapse/entrance";
import { CHANNEL_VALUES } from "../../src/synapse/generated";
import { FakeWorld } from "../fakeWorld";
import { control } from "../samples";
import { recorder, settled } from "./fakeRecorder";

const READER = { scopes: ["read"], channels: CHANNEL_VALUES, expires_at: "2030-01-01T00:00:00Z" };
const OUT = { scopes: [], channels: [], expires_at: null };
const WRONG = new Refusal("api/session", 401, "that token is wrong, over or revoked");

let world: FakeWorld;
let client: SynapseClient;
let entrance: Entrance;
let session: unknown;
let asked: string[];
let signsIn: () => Promise<unknown>;

beforeEach(async () => {
  world = new FakeWorld();
  session = READER;
  asked = [];
  signsIn = async () => (session = READER);
  const write: Api["write"] = async (method) => (method === "DELETE" ? (session = OUT) : signsIn());
  const fake = recorder({ "api/session": () => session }, { write });
  const api = {
    ...fake.api,
    read: fake.api.read,
    write,
    state: async () => {
      asked.push("state");
      if (session === OUT) throw new Refusal("api/state", 401, "this needs a token");
      return "state" as never;
    },
  };
  const listener = {
    onEvent: () => {},
    onChange: () => {},
    onStartOver: () => {},
    onClosed: () => void entrance.session.refresh(),
  };
  client = new SynapseClient(world, listener, null);
  entrance = new Entrance({ world, api, client, onChange: () => {} });
});

async function open(): Promise<void> {
  await entrance.open(() => client.start());
}

function goLive(): void {
  world.socket.onopen?.();
  world.socket.say(control("subscription_confirmed"));
  world.socket.say(control("caught_up"));
}

async function closed(code: number): Promise<void> {
  world.socket.onclose?.({ code, reason: "expired or revoked" });
  await settled();
}

describe("the entrance", () => {
  it("opens a line at once, and asks on it for what the session shows", async () => {
    session = { ...READER, channels: ["regime", "prices"] };
    const opened = open();
    world.socket.onopen?.();
    expect(world.socket.sent).toEqual([]);
    await opened;
    expect(world.socket.subscribed.channels).toEqual(["regime", "prices"]);
    expect(world.sockets).toHaveLength(1);
  });

  it("is shut where reading needs a token, until there is one", async () => {
    session = OUT;
    await open();
    expect(client.connection).toEqual({ name: "signed_out", reason: WANTS_A_TOKEN });
    expect(world.socket.closed).toBe(true);
    signsIn = () => Promise.reject(WRONG);
    expect(await entrance.signIn("x")).toBe("That token is wrong, over or revoked.");
    world.pass(600_000);
    client.wake();
    expect(world.sockets).toHaveLength(1);
    signsIn = async () => (session = READER);
    expect(await entrance.signIn("t")).toBeNull();
    goLive();
    expect([client.connection.name, world.sockets.length]).toEqual(["live", 2]);
  });

  it("says that a session is over, tries no more, and goes on where it was", async () => {
    await open();
    goLive();
    session = OUT;
    await closed(4401);
    expect(client.connection).toEqual({ name: "signed_out", reason: IS_OVER });
    world.pass(600_000);
    expect(world.sockets).toHaveLength(1);
    await entrance.signIn("t");
    world.socket.onopen?.();
    expect(world.socket.subscribed.history).toEqual({ after: 100 });
    expect(world.reloads).toBe(0);
  });

  it("finds out that a cookie is over of which a handshake tells nothing", async () => {
    await open();
    goLive();
    session = OUT;
    await closed(1006);
    expect(client.connection.name).toBe("signed_out");
  });

  it("comes in again with a session that may do less, but not twice with the same", async () => {
    await open();
    goLive();
    session = { ...READER, scopes: ["read", "write"] };
    await closed(4401);
    expect(world.sockets).toHaveLength(2);
    await closed(4401);
    expect(client.connection.name).toBe("signed_out");
    expect(world.sockets).toHaveLength(2);
    await entrance.signIn("t");
    expect(world.sockets).toHaveLength(3);
  });

  it("loads the page anew where what is shown is of other channels", async () => {
    await open();
    goLive();
    session = { ...READER, channels: ["regime"] };
    await closed(4401);
    expect(world.reloads).toBe(1);
  });

  it("leaves nothing on the page of who signs out, where reading needs a sign-in", async () => {
    await open();
    goLive();
    await entrance.signOut();
    expect([client.connection.name, world.reloads]).toEqual(["signed_out", 1]);
  });
});

describe("a launch link that is opened in the page that is open", () => {
  it("signs it in, and it goes on", async () => {
    session = OUT;
    await open();
    entrance.launch("code");
    await settled();
    goLive();
    expect(client.connection.name).toBe("live");
  });

  it("that is spent says so in a sentence, and leaves the page out without another line", async () => {
    session = OUT;
    signsIn = () => Promise.reject(WRONG);
    entrance.launch("code");
    await open();
    expect(entrance.session.problem).toBe("That token is wrong, over or revoked.");
    expect([client.connection.name, world.sockets.length]).toEqual(["signed_out", 0]);
  });

  it("is followed with the very session that was turned away before", async () => {
    await open();
    await closed(4401);
    expect(client.connection.name).toBe("signed_out");
    entrance.launch("code");
    await settled();
    expect(world.sockets).toHaveLength(2);
  });
});

describe("what is read", () => {
  it("waits until somebody has signed in", async () => {
    session = OUT;
    await open();
    let read: unknown = null;
    const reading = entrance.api.state().then((state) => (read = state));
    await settled();
    expect(read).toBeNull();
    await entrance.signIn("t");
    expect(await reading).toBe("state");
    expect(asked).toEqual(["state"]);
  });

  it("waits again when the session is over that was thought to hold", async () => {
    await open();
    session = OUT;
    const reading = entrance.api.state();
    await settled();
    await entrance.signIn("t");
    expect(await reading).toBe("state");
    expect(asked).toEqual(["state", "state"]);
  });

  it("fails as it did for want of anything else", async () => {
    await open();
    await expect(entrance.api.read("api/none", () => null)).rejects.toThrow("503");
  });
});
