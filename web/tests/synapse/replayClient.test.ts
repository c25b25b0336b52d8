import { beforeEach, describe, expect, it } from "vitest";
import { CHANNEL_VALUES, type ReplayCommand } from "../../src/synapse/generated";
import { ReplayClient } from "../../src/synapse/replayClient";
import {
  JUMP_SILENCE_MS,
  OPENING_MS,
  PING_AFTER_MS,
  PLAYING_SILENCE_MS,
  PONG_MS,
} from "../../src/synapse/replayLine";
import { FakeWorld } from "../fakeWorld";
import { FakeReplay } from "./fakeReplay";

const HEAD = 100;
let world: FakeWorld;
let server: FakeReplay;
let client: ReplayClient;
let seen: string[];

const listener = {
  onLanded: ({ position }: { position: number }) => seen.push(`at ${position}`),
  onEvent: ({ position }: { position: number }) => seen.push(`${position}`),
  onChange: () => {},
};

/** The line is open, and the other end reads it. */
function answer(): void {
  server = new FakeReplay(world.replay, HEAD);
  world.replay.onopen?.();
}

const types = (): string[] => (world.replay.sent as ReplayCommand[]).map(({ type }) => type);
const seeks = (): (number | null | undefined)[] =>
  (world.replay.sent as ReplayCommand[]).flatMap((one) =>
    one.type === "replay_seek" ? [one.payload.position] : [],
  );

beforeEach(() => {
  world = new FakeWorld();
  seen = [];
  client = new ReplayClient(world, listener, "e1", HEAD, 60, CHANNEL_VALUES);
});

function opened(at: number): void {
  client.open(at);
  answer();
  server.settle();
}

describe("opening", () => {
  it("covers the whole log of the cursor's epoch, and stands paused where it was asked to", () => {
    opened(40);
    expect(world.replay.sent[0]).toMatchObject({ type: "replay_start", payload: { epoch: "e1" } });
    expect(types()).toEqual(["replay_start", "replay_pause", "replay_speed", "replay_seek"]);
    expect(seen).toEqual(["at 40"]);
    expect(client.jumping).toBe(false);
    expect(client.place).toMatchObject({ position: 40, end: HEAD, status: "paused" });
    expect(server.speed).toBe(60);
  });

  it("stands at the head where more was asked for, with nothing left to play", () => {
    opened(Infinity);
    expect(client.place).toMatchObject({ position: HEAD, status: "finished" });
    client.play();
    expect(types()).not.toContain("replay_resume");
  });

  it("plays at once where that was asked for meanwhile", () => {
    client.open(40);
    client.play();
    answer();
    server.settle();
    server.play();
    server.settle();
    expect(seen).toEqual(["at 40", "41"]);
  });

  it("is over when the log is another one", () => {
    client.open(40);
    answer();
    server.refuse((world.replay.sent[0] as ReplayCommand).msg_id, "epoch_mismatch");
    server.deliver();
    expect(client.refused).toBe(true);
    expect(client.problem).toBe("no: epoch_mismatch");
    client.wake();
    world.pass(60_000);
    expect(world.replays).toHaveLength(1);
  });
});

describe("jumps", () => {
  it("of a burst only the newest that waits is sent, one at a time, and only the last is shown", () => {
    opened(10);
    for (const to of [20, 30, 40, 50]) client.seek(to, HEAD);
    expect(seeks()).toEqual([10, 20]);
    server.settle();
    expect(seeks()).toEqual([10, 20, 50]);
    expect(seen).toEqual(["at 10", "at 50"]);
  });

  it("drop the snapshot that comes when another place is wanted by then", () => {
    opened(10);
    client.seek(20, HEAD);
    server.take();
    server.deliver();
    client.seek(30, HEAD);
    server.settle();
    expect(seen).toEqual(["at 10", "at 30"]);
  });

  it("show nothing that is played on the way from an overtaken place", () => {
    opened(10);
    client.play();
    server.settle();
    client.seek(20, HEAD);
    client.seek(30, HEAD);
    server.take();
    server.play();
    server.settle();
    expect(seen).toEqual(["at 10", "at 30"]);
    server.play();
    server.settle();
    expect(seen.at(-1)).toBe("31");
  });

  it("that are refused leave what is shown, and say why", () => {
    opened(10);
    client.jump("replay_next_shift");
    server.settle();
    expect(client.problem).toBe("no: no_shift");
    expect(client.jumping).toBe(false);
    expect(seen).toEqual(["at 10"]);
    client.seek(11, HEAD);
    server.settle();
    expect(client.problem).toBeNull();
  });

  it("that are refused after an overtaken one go back to what is shown", () => {
    opened(10);
    client.seek(20, HEAD);
    client.jump("replay_next_shift");
    server.settle();
    expect(seeks()).toEqual([10, 20, 10]);
    expect(client.place.position).toBe(10);
    expect(client.problem).toBe("no: no_shift");
  });

  it("beyond the end begin anew where the log has grown, and end at the end where not", () => {
    opened(10);
    client.seek(HEAD + 5, HEAD);
    server.settle();
    expect(client.place.position).toBe(HEAD);
    server.head = HEAD + 20;
    client.seek(HEAD + 5, HEAD + 20);
    server.settle();
    expect(types().filter((type) => type === "replay_start")).toHaveLength(2);
    expect(client.place).toMatchObject({ position: HEAD + 5, end: HEAD + 20 });
  });
});

describe("steps", () => {
  it("are made one while one is carried out, and pause", () => {
    opened(10);
    client.play();
    server.settle();
    client.step(1);
    client.step(1);
    client.step(2);
    server.settle();
    expect(types().filter((type) => type === "replay_step")).toHaveLength(2);
    expect(client.place).toMatchObject({ position: 14, status: "paused" });
    expect(seen).toEqual(["at 10", "11", "12", "13", "14"]);
  });

  it("are forgotten by a jump", () => {
    opened(10);
    client.seek(20, HEAD);
    client.step(3);
    client.seek(30, HEAD);
    server.settle();
    expect(client.place.position).toBe(30);
  });
});

describe("the end", () => {
  it("pauses, so that going back from it does not play by itself", () => {
    opened(98);
    client.play();
    server.settle();
    server.play();
    server.play();
    server.settle();
    expect(client.place.status).toBe("finished");
    client.seek(50, HEAD);
    server.settle();
    expect(client.place.status).toBe("paused");
  });
});

describe("the line", () => {
  it("comes back where it was, playing if it played, up to the same end", () => {
    opened(10);
    client.play();
    server.settle();
    server.play();
    server.settle();
    world.replay.onclose?.({ code: 1006, reason: "" });
    expect(client.jumping).toBe(true);
    expect(client.problem).toContain("dropped");
    world.pass(1_000);
    expect(world.replays).toHaveLength(2);
    answer();
    server.head = HEAD + 50;
    server.settle();
    expect(client.problem).toBeNull();
    expect(client.place).toMatchObject({ position: 11, end: HEAD, status: "playing" });
    expect(seen).toEqual(["at 10", "11", "at 11"]);
  });

  it("comes back to where a jump was going, later each time, or as asked by the server", () => {
    opened(10);
    client.seek(30, HEAD);
    server.settle();
    client.seek(60, HEAD);
    world.replay.onclose?.({ code: 1012, reason: "" });
    world.pass(400);
    world.replay.onclose?.({ code: 1006, reason: "" });
    world.pass(400);
    expect(world.replays).toHaveLength(2);
    world.pass(400);
    answer();
    server.settle();
    expect(client.place.position).toBe(60);
    const payload = { reconnect_after_s: 3 };
    world.replay.say({ msg_id: "x", timestamp: "2018-01-01T00:00:00Z", direction: "s2c", type: "shutdown", payload });
    world.replay.onclose?.({ code: 1012, reason: "restart" });
    world.pass(2_900);
    expect(world.replays).toHaveLength(3);
    world.pass(200);
    expect(world.replays).toHaveLength(4);
  });

  it("is given up for good where the server does not let it in", () => {
    opened(10);
    world.replay.onclose?.({ code: 4401, reason: "unauthorised" });
    expect(client.refused).toBe(true);
    world.pass(60_000);
    expect(world.replays).toHaveLength(1);
  });

  it("is opened anew when it does not open, and when the server freezes as it plays", () => {
    client.open(10);
    world.pass(OPENING_MS + 500);
    expect(world.replays).toHaveLength(2);
    answer();
    client.play();
    server.settle();
    world.pass(PLAYING_SILENCE_MS - 100);
    expect(world.replays).toHaveLength(2);
    server.beat();
    server.settle();
    world.pass(PLAYING_SILENCE_MS - 100);
    expect(world.replays).toHaveLength(2);
    world.pass(2_000);
    expect(world.replays).toHaveLength(3);
  });

  it("asks a paused server for a sign of life, and opens another line when none comes", () => {
    opened(10);
    world.pass(PING_AFTER_MS);
    expect(types().at(-1)).toBe("ping");
    const { msg_id: request_msg_id } = world.replay.sent.at(-1) as ReplayCommand;
    const pong = { msg_id: "x", timestamp: "2018-01-01T00:00:00Z", direction: "s2c", type: "pong" };
    world.replay.say({ ...pong, payload: { request_msg_id } });
    world.pass(PING_AFTER_MS);
    expect(types().filter((type) => type === "ping")).toHaveLength(2);
    expect(world.replays).toHaveLength(1);
    world.pass(PONG_MS + 500);
    expect(world.replays).toHaveLength(2);
  });

  it("bears more silence while a jump is on its way, but not for ever", () => {
    opened(10);
    client.seek(20, HEAD);
    world.pass(JUMP_SILENCE_MS - 100);
    expect(world.replays).toHaveLength(1);
    world.pass(1_000);
    expect(world.replays).toHaveLength(2);
  });
});
