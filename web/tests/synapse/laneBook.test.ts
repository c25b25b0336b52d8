import { beforeEach, expect, it } from "vitest";
import { Refusal } from "../../src/synapse/api";
import { RETRY_MS } from "../../src/synapse/backoff";
import { LANES_EVERY_MS, LaneBook } from "../../src/synapse/laneBook";
import { FakeWorld } from "../fakeWorld";
import { fakeApi } from "../fakeApi";
import { episode, episodesOf, recorder, settled } from "./fakeRecorder";

let world: FakeWorld;
let lanes: object[] | null;
let asked: string[];
let book: LaneBook;

const lane = (head: number, more: object = {}): object => ({
  name: "sma200",
  problem: null,
  epoch: "e2",
  head,
  detectors: [],
  symbols: [{ symbol: "SPX", detector: null, until: "2018-12-31T21:00:00Z" }],
  ...more,
});

const hostOf = (api: ReturnType<typeof recorder>["api"]) => {
  const nothing = { moment: () => null, shown: () => null, price: () => null, symbol: () => null };
  return { world, api, ...nothing, onChange: () => {} };
};

beforeEach(() => {
  world = new FakeWorld();
  lanes = [lane(9)];
  const fake = recorder({
    "api/lanes": () => lanes && { lanes },
    "api/lanes/sma200/episodes": () => episodesOf([episode("2018-01-01T00:00:00Z", 5)]),
  });
  asked = fake.asked;
  book = new LaneBook(hostOf(fake.api));
});

async function pass(ms: number): Promise<void> {
  world.pass(ms);
  await settled();
}

const EPISODES = "api/lanes/sma200/episodes?symbol=SPX";

it("lanes are read once somebody wants to know, and their episodes once they are wanted", async () => {
  expect(book.all()).toBeNull();
  book.want("sma200", "SPX");
  expect(asked).toEqual([]);
  book.watch();
  await settled();
  expect(book.all()).toHaveLength(1);
  expect(asked).toEqual(["api/lanes", EPISODES]);
  expect(book.episodes("sma200", "SPX")).toHaveLength(1);
  expect(book.episodes("sma200", "IXIC")).toBeNull();
});

it("a lane that has grown is read again, another is not", async () => {
  book.watch();
  await settled();
  book.want("sma200", "SPX");
  await settled();
  const known = book.all();
  await pass(LANES_EVERY_MS);
  expect(asked).toEqual(["api/lanes", EPISODES, "api/lanes"]);
  expect(book.all()).toBe(known);
  lanes = [lane(12)];
  await pass(LANES_EVERY_MS);
  expect(asked.slice(3)).toEqual(["api/lanes", EPISODES]);
});

it("a recorder without lanes is asked once", async () => {
  lanes = [];
  book.watch();
  await settled();
  await pass(10 * LANES_EVERY_MS);
  expect(book.all()).toEqual([]);
  expect(asked).toEqual(["api/lanes"]);
});

it("an older recorder has none", async () => {
  const refusal = new Refusal("api/lanes", 404, "Not Found");
  book = new LaneBook(hostOf(fakeApi({ read: () => Promise.reject(refusal) })));
  book.watch();
  await settled();
  expect(book.all()).toEqual([]);
  expect(world.warnings).toEqual([]);
});

it("what cannot be read is asked for again soon, and what is shown stays", async () => {
  lanes = null;
  book.watch();
  await settled();
  expect(book.all()).toBeNull();
  lanes = [lane(9)];
  await pass(RETRY_MS);
  book.want("sma200", "SPX");
  await settled();
  lanes = [lane(9, { problem: "gone", epoch: null, head: null })];
  await pass(LANES_EVERY_MS);
  expect(book.all()?.[0]?.problem).toBe("gone");
  expect(book.episodes("sma200", "SPX")).toHaveLength(1);
});

it("nobody looks any more when nobody wants to know", async () => {
  const release = book.watch();
  await settled();
  release();
  await pass(10 * LANES_EVERY_MS);
  expect(asked).toEqual(["api/lanes"]);
  book.startOver();
  await settled();
  expect(asked).toHaveLength(1);
  book.watch();
  await settled();
  book.startOver();
  await settled();
  expect(asked).toHaveLength(3);
});
