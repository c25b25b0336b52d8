import { beforeEach, describe, expect, it } from "vitest";
import { Refusal } from "../../src/synapse/api";
import { RETRY_MS } from "../../src/synapse/backoff";
import { EpisodeBook } from "../../src/synapse/episodeBook";
import { EXPLAIN_EVERY_MS, ExplanationBook } from "../../src/synapse/explanationBook";
import type { ServerEvent } from "../../src/synapse/generated";
import { MARKS_MAX, MARKS_REST_MS, MarkBook } from "../../src/synapse/markBook";
import type { ShelfHost } from "../../src/synapse/shelfHost";
import { FakeWorld } from "../fakeWorld";
import { event } from "../samples";
import { episode, episodesOf, eventsOf, recorder, settled } from "./fakeRecorder";

let world: FakeWorld;
let host: ShelfHost;
let asked: string[];
let shown: number | null;
let broken: boolean;
let log: ServerEvent[];

const explanation = (position: number) => ({
  symbol: "SPX",
  position,
  regime: "BULL",
  explained: true,
  reason: null,
  scores: [],
  flips: [],
});

beforeEach(() => {
  world = new FakeWorld();
  shown = null;
  broken = false;
  log = [];
  const known = episodesOf([episode("2018-01-01T00:00:00Z", 5)]);
  const fake = recorder({
    "api/episodes": () => (broken ? undefined : known),
    "api/events": (query) => (broken ? undefined : eventsOf(log)(query)),
    "api/explain": (query) => (broken ? undefined : explanation(Number(query.get("at") ?? 100))),
  });
  asked = fake.asked;
  const moment = () => (shown === null ? null : { position: shown, clock: null });
  const present = { moment, shown: () => shown, price: () => "121", symbol: () => null };
  host = { world, api: fake.api, ...present, onChange: () => {} };
});

async function pass(ms: number): Promise<void> {
  world.pass(ms);
  await settled();
}

const shift = (position: number, more: object = {}): ServerEvent =>
  event("regime_update", { regime: "CRASH", previous_regime: "BULL", ...more }, { position });

const alert = (position: number, timestamp: string): ServerEvent =>
  event("price_alert", { alert_id: `a${position}`, timestamp }, { position });
const trade = (position: number, symbol: string): ServerEvent =>
  event("trade_execution", { trade_id: `t${position}`, symbol }, { position });

describe("episodes", () => {
  let book: EpisodeBook;
  beforeEach(() => {
    book = new EpisodeBook(host);
  });

  it("are read once when they are first asked for, and are the same list until something happens", async () => {
    expect(book.read("SPX")).toBe(book.read(null));
    book.want("SPX");
    book.want("SPX");
    await settled();
    expect(asked).toEqual(["api/episodes?symbol=SPX&limit=1000"]);
    expect(book.read("SPX")).toHaveLength(1);
    expect(book.read("SPX")).toBe(book.read("SPX"));
    expect(book.read("IXIC")).toEqual([]);
  });

  it("end and begin with a live shift, at its price", async () => {
    book.want("SPX");
    await settled();
    book.apply(shift(100));
    expect(book.read("SPX")).toHaveLength(1);
    book.apply(shift(101, { provisional: true }));
    book.apply(shift(102, { regime: "BULL" }));
    expect(book.read("SPX")).toHaveLength(1);
    const update = shift(103);
    book.apply(update);
    const [ended, begun] = book.read("SPX");
    expect(ended).toMatchObject({ end: update.occurred_at, end_price: "121" });
    expect(ended?.return).toBeCloseTo(0.21);
    expect(begun).toMatchObject({ regime: "CRASH", position: 103, end: null, start_price: "121" });
  });

  it("do not lack a shift that happens while they are read", async () => {
    book.want("SPX");
    book.apply(shift(99));
    book.apply(shift(101));
    await settled();
    expect(book.read("SPX").map(({ position }) => position)).toEqual([5, 101]);
  });

  it("are asked for once where the token does not cover them", async () => {
    let times = 0;
    const read = (): Promise<never> => {
      times += 1;
      return Promise.reject(new Refusal("api/episodes", 403, "this needs the channel regime"));
    };
    book = new EpisodeBook({ ...host, api: { ...host.api, read } });
    book.want("SPX");
    await settled();
    await pass(RETRY_MS);
    await pass(RETRY_MS);
    expect(times).toBe(1);
  });

  it("are asked for again until they can be read, and when the log is another one", async () => {
    broken = true;
    book.want("SPX");
    await settled();
    await expect(book.load("SPX")).rejects.toThrow("503");
    broken = false;
    await pass(RETRY_MS);
    expect(book.read("SPX")).toHaveLength(1);
    asked.length = 0;
    book.startOver();
    expect(book.read("SPX")).toEqual([]);
    await settled();
    expect(book.read("SPX")).toHaveLength(1);
  });
});

describe("marks", () => {
  let book: MarkBook;
  beforeEach(() => {
    book = new MarkBook(host);
    log = [alert(10, "2018-01-01T00:00:00Z"), alert(20, "2018-02-01T00:00:00Z"), trade(30, "IXIC")];
  });

  const positions = (span: { from: number; to: number } | null): number[] =>
    book.read("SPX", span).map(({ position }) => position);

  it("are those of a symbol in a stretch, once it rests, and what comes later", async () => {
    const span = { from: Date.parse("2018-01-15T00:00:00Z") / 1000, to: 4e9 };
    book.want("SPX", span);
    book.want("SPX", null);
    await pass(MARKS_REST_MS);
    expect(positions(null)).toEqual([10, 20]);
    expect(positions(span)).toEqual([20]);
    book.apply(trade(40, "SPX"));
    book.apply(trade(40, "SPX"));
    expect(positions(span)).toEqual([20, 40]);
    expect(book.read("SPX", span).at(-1)).toMatchObject({
      kind: "trade",
      id: "main/t40",
      side: "sell",
      text: "sell 12.5 at 2351.10",
    });
    expect(book.read("SPX", span)).toBe(book.read("SPX", span));
  });

  it("are only those up to what is shown", async () => {
    shown = 15;
    book.want("SPX", null);
    await pass(MARKS_REST_MS);
    expect(asked.at(-1)).toContain("before=16");
    expect(positions(null)).toEqual([10]);
    shown = 20;
    book.move();
    await pass(MARKS_REST_MS);
    expect(positions(null)).toEqual([10, 20]);
    shown = 12;
    expect(positions(null)).toEqual([10]);
  });

  it("are not read again while a stretch moves within what is known", async () => {
    const from = Date.parse("2018-01-01T00:00:00Z") / 1000;
    const looks = async (to: number): Promise<number> => {
      const release = book.want("SPX", { from, to });
      await pass(MARKS_REST_MS);
      release();
      return asked.length;
    };
    const day = 86_400;
    expect(await looks(from + 40 * day)).toBe(1);
    expect(await looks(from + 41 * day)).toBe(1);
    expect(await looks(from + 90 * day)).toBe(2);
    shown = 15;
    expect(await looks(from + 20 * day)).toBe(2);
  });

  it("are not read again once fewer came than were asked for: these are all", async () => {
    const span = { from: 0, to: 2_000_000_000 };
    book.want("SPX", null);
    await pass(MARKS_REST_MS);
    book.want("SPX", span);
    await pass(MARKS_REST_MS);
    expect(asked).toHaveLength(1);
    expect(positions(span)).toEqual(positions(null));
    expect(book.busy()).toBe(false);
  });

  it("are not read for a stretch that was left before it rested", async () => {
    const release = book.want("SPX", null);
    release();
    await pass(MARKS_REST_MS);
    expect(asked).toEqual([]);
    expect(positions(null)).toEqual([]);
  });

  it("are the newest where there are many, asked for again when they cannot be read", async () => {
    broken = true;
    book.want("SPX", null);
    await pass(MARKS_REST_MS);
    broken = false;
    await pass(RETRY_MS);
    expect(positions(null)).toHaveLength(2);
    for (let position = 100; position < 100 + MARKS_MAX + 50; position += 1) {
      book.apply(alert(position, "2018-03-01T00:00:00Z"));
    }
    expect(positions(null)).toHaveLength(MARKS_MAX);
    expect(positions(null)[0]).toBe(150);
    book.startOver();
    expect(positions(null)).toEqual([]);
  });
});

describe("an explanation", () => {
  let book: ExplanationBook;
  beforeEach(() => {
    book = new ExplanationBook(host);
  });

  it("is asked for when what it explains changes, at most once a second", async () => {
    for (const key of ["live 1", "live 1", "live 2"]) book.want("SPX", key);
    await pass(0);
    expect(asked).toEqual(["api/explain?symbol=SPX"]);
    expect(book.read("SPX")?.position).toBe(100);
    for (const key of ["live 2", "live 3", "live 4"]) book.want("SPX", key);
    await pass(EXPLAIN_EVERY_MS - 1);
    expect(asked).toHaveLength(1);
    await pass(1);
    expect(asked).toHaveLength(2);
    await pass(10 * EXPLAIN_EVERY_MS);
    expect(asked).toHaveLength(2);
  });

  it("is of the moment that is shown, and never of a later one", async () => {
    book.want("SPX", "live 1");
    await pass(0);
    shown = 40;
    expect(book.read("SPX")).toBeNull();
    book.want("SPX", "past 40");
    await pass(EXPLAIN_EVERY_MS);
    expect(asked.at(-1)).toBe("api/explain?symbol=SPX&at=40");
    expect(book.read("SPX")?.position).toBe(40);
    book.startOver();
    expect(book.read("SPX")).toBeNull();
  });

  it("does not outlive the moment that it explains", async () => {
    shown = 20;
    book.want("SPX", "past 20");
    await pass(0);
    book.move();
    expect(book.read("SPX")?.position).toBe(20);
    shown = 40;
    book.move();
    expect(book.read("SPX")).toBeNull();
    book.want("SPX", "past 40");
    world.pass(EXPLAIN_EVERY_MS);
    shown = 60;
    book.move();
    await settled();
    expect(book.read("SPX")).toBeNull();
    await pass(EXPLAIN_EVERY_MS);
    expect(book.read("SPX")?.position).toBe(60);
    shown = null;
    book.move();
    expect(book.read("SPX")).toBeNull();
  });

  it("that could not be read is asked for again, unless the recorder has none", async () => {
    broken = true;
    book.want("SPX", "live 1");
    await pass(0);
    expect(book.read("SPX")).toBeNull();
    broken = false;
    await pass(RETRY_MS);
    expect(book.read("SPX")).not.toBeNull();
    asked.length = 0;
    const none = recorder({}, { read: () => Promise.reject(new Refusal("x", 404, "no symbol")) });
    book = new ExplanationBook({ ...host, api: none.api });
    book.want("SPX", "live 1");
    await pass(0);
    await pass(10 * RETRY_MS);
    expect(world.warnings.filter((text) => text.includes("404"))).toHaveLength(1);
  });
});
