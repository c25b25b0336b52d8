import { beforeEach, describe, expect, it } from "vitest";
import type { BarsAsked } from "../../src/synapse/api";
import { RETRY_MS } from "../../src/synapse/backoff";
import { BarFeeds, FRAME_MS, REST_MS, type SymbolFeed } from "../../src/synapse/barFeed";
import { type BarsResponse, parseBars } from "../../src/synapse/bars";
import { BARS_MAX } from "../../src/synapse/barSeries";
import type { Moment } from "../../src/synapse/pastHost";
import type { SymbolView } from "../../src/synapse/view";
import { fakeApi } from "../fakeApi";
import { FakeWorld } from "../fakeWorld";
import { event } from "../samples";
import { settled } from "./fakeRecorder";

const DAYS = ["2018-01-02T21:00:00Z", "2018-01-03T21:00:00Z", "2018-01-04T21:00:00Z"] as const;
const at = (day: string): number => Date.parse(day) / 1000;
const raw = (timestamp: string) => ({ timestamp, open: null, high: null, low: null, close: "1", regime: null });

let world: FakeWorld;
let feeds: BarFeeds;
let feed: SymbolFeed;
let moment: Moment | null;
let asked: (BarsAsked | undefined)[];
let told: number;
let broken: boolean;
/** So many answers are empty. */
let empty: number;
let shown: SymbolView | null;

beforeEach(() => {
  world = new FakeWorld();
  moment = null;
  asked = [];
  told = 0;
  broken = false;
  empty = 0;
  shown = null;
  const bars = async (_symbol: string, what?: BarsAsked): Promise<BarsResponse> => {
    asked.push(what);
    if (broken) throw new Error("bars answered 503");
    const position = what?.position ?? 100;
    empty -= 1;
    const days = DAYS.filter((_, index) => empty < 0 && position >= (index + 1) * 10);
    return parseBars({ head: 100, position, bars: days.map(raw) })!;
  };
  const host = { world, api: fakeApi({ bars }), moment: () => moment, shown: () => null, price: () => null, symbol: () => shown };
  feeds = new BarFeeds({ ...host, onChange: () => {} });
  feed = feeds.of("SPX");
});

const listen = (): (() => void) =>
  feed.subscribe(() => {
    told += 1;
  });

const last = (): string | undefined => {
  const time = feed.read().bars.at(-1)?.time;
  return time === undefined ? undefined : new Date(time * 1000).toISOString().replace(".000Z", "Z");
};

async function rest(ms: number): Promise<void> {
  world.pass(ms);
  await settled();
}

function goTo(position: number, clock: string | null): void {
  moment = { position, clock };
  feeds.move();
}

const tick = (day: string, position: number): void =>
  feeds.apply(event("price_update", { timestamp: day }, { position }));

describe("a feed", () => {
  it("is one a symbol, and reads nothing while nobody listens", async () => {
    expect(feeds.of("SPX")).toBe(feed);
    tick(DAYS[0], 101);
    feed.look({ from: 0, to: 10 });
    await rest(REST_MS);
    expect(asked).toEqual([]);
    const release = listen();
    await settled();
    expect(feed.read()).toMatchObject({ status: "ready" });
    release();
    expect(feed.read()).toMatchObject({ status: "loading", bars: [] });
  });

  it("tells of many ticks once a frame", async () => {
    listen();
    await rest(FRAME_MS);
    told = 0;
    for (let second = 0; second < 100; second += 1) tick(`2018-01-05T21:00:00.${second}Z`, 101 + second);
    expect(told).toBe(0);
    world.pass(FRAME_MS);
    expect(told).toBe(1);
    expect(feed.read().bars).toHaveLength(4);
  });

  it("asks again for what could not be read", async () => {
    broken = true;
    listen();
    await settled();
    expect(feed.read().status).toBe("failed");
    broken = false;
    await rest(RETRY_MS);
    expect(feed.read().status).toBe("ready");
  });

  it("is read anew, thinned out, when there is too much of it", async () => {
    listen();
    await settled();
    asked.length = 0;
    for (let second = 1; second < BARS_MAX + 10; second += 1) {
      tick(new Date(1_600_000_000_000 + second * 1000).toISOString(), 100 + second);
    }
    expect(asked).toHaveLength(1);
  });

  it("keeps its object and its generations rising when it is listened to again", async () => {
    const release = listen();
    await settled();
    const { generation } = feed.read();
    release();
    listen();
    await settled();
    expect(feed.read().generation).toBeGreaterThan(generation);
  });
});

describe("another stretch", () => {
  it("is read once it rests, with room on both sides", async () => {
    listen();
    await settled();
    asked.length = 0;
    for (const from of [100, 200, 300]) feed.look({ from, to: 1_300 });
    feed.look({ from: 300, to: 1_300 });
    await rest(REST_MS - 1);
    expect(asked).toEqual([]);
    await rest(1);
    expect(asked).toEqual([{ span: { from: -200, to: 1_800 }, position: null }]);
    feed.look(null);
    await rest(REST_MS);
    expect(asked.at(-1)).toEqual({ span: null, position: null });
  });
});

const priced = (day: string): SymbolView => ({
  symbol: "SPX",
  regime: null,
  price: { price: "1", at: day, source: null, position: 1 },
});
const room = (day: string) => ({ from: at(day) - 150, to: at(day) + 50 });

describe("a length up to the moment", () => {
  it("is read as it is at every moment, and goes on with it", async () => {
    listen();
    await settled();
    shown = priced(DAYS[2]);
    feed.look({ last: 100 });
    expect(feed.busy()).toBe(true);
    await rest(REST_MS);
    expect(asked.at(-1)).toEqual({ span: room(DAYS[2]), position: null });
    expect(feed.busy()).toBe(false);
    shown = priced(DAYS[0]);
    goTo(10, DAYS[0]);
    expect(feed.moves()).toBe(1);
    await rest(REST_MS);
    expect(asked.at(-1)).toEqual({ span: room(DAYS[0]), position: 10 });
    tick("2018-02-05T21:00:00Z", 11);
    expect(last()).toBe("2018-02-05T21:00:00Z");
  });

  it("ends with the newest bar where only the market's clock is known", async () => {
    listen();
    await settled();
    shown = { ...priced(DAYS[0]), price: { price: "1", at: null, source: null, position: 1 } };
    expect(feed.newest()).toMatchObject({ time: at(DAYS[2]) });
    feed.look({ last: 100 });
    goTo(10, DAYS[1]);
    expect(feed.newest()).toMatchObject({ time: at(DAYS[1]) });
    await rest(REST_MS);
    expect(asked.at(-1)).toEqual({ span: room(DAYS[1]), position: 10 });
  });

  it("is found where the symbol has rested for long", async () => {
    listen();
    await settled();
    shown = priced("2026-01-01T00:00:00Z");
    moment = { position: 10, clock: null };
    empty = 1;
    feed.look({ last: 100 });
    await rest(REST_MS);
    expect(asked.slice(-2)).toEqual([
      { span: null, position: 10 },
      { span: room(DAYS[0]), position: 10 },
    ]);
    expect(last()).toBe(DAYS[0]);
  });

  it("still reads where a jump has left nothing", async () => {
    listen();
    await settled();
    goTo(5, "2017-01-01T00:00:00Z");
    expect(feed.read()).toMatchObject({ status: "loading", bars: [] });
    await rest(REST_MS);
    expect(feed.read()).toMatchObject({ status: "ready", bars: [] });
  });
});

describe("the past", () => {
  beforeEach(async () => {
    listen();
    await settled();
  });

  it("has nothing later than the moment at once, and is read as of it once it rests", async () => {
    asked.length = 0;
    goTo(20, DAYS[1]);
    expect(last()).toBe(DAYS[1]);
    goTo(10, DAYS[0]);
    expect(last()).toBe(DAYS[0]);
    expect(asked).toEqual([]);
    await rest(REST_MS);
    expect(asked).toEqual([{ span: null, position: 10 }]);
    expect(last()).toBe(DAYS[0]);
  });

  it("grows by what is replayed, before it was read and after", async () => {
    goTo(10, DAYS[0]);
    moment = { position: 20, clock: DAYS[1] };
    tick(DAYS[1], 20);
    expect(last()).toBe(DAYS[1]);
    await rest(REST_MS);
    expect(asked.at(-1)?.position).toBe(20);
    tick(DAYS[2], 30);
    expect(feed.read().bars.map((bar) => bar.time)).toEqual(DAYS.map(at));
  });

  it("ends with the live bars, of another generation", async () => {
    goTo(10, DAYS[0]);
    await rest(REST_MS);
    const { generation } = feed.read();
    moment = null;
    feeds.move();
    await settled();
    expect(asked.at(-1)).toEqual({ span: null, position: null });
    expect(last()).toBe(DAYS[2]);
    expect(feed.read().generation).toBeGreaterThan(generation);
  });
});
