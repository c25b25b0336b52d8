import { beforeEach, describe, expect, it } from "vitest";
import { type BarsResponse, parseBars } from "../../src/synapse/bars";
import { BarSeries } from "../../src/synapse/barSeries";
import { event } from "../samples";

const DAY_1 = "2018-01-02T21:00:00Z";
const DAY_2 = "2018-01-03T21:00:00Z";
const DAY_3 = "2018-01-04T21:00:00Z";

const raw = (timestamp: string, close: string, regime: "BULL" | null = "BULL") => ({
  timestamp,
  open: null,
  high: "9.5",
  low: null,
  close,
  volume: null,
  regime,
});
const answer = { symbol: "SPX", epoch: "e", head: 50, bars: [raw(DAY_1, "1"), raw(DAY_2, "2")] };
const parsed = (): BarsResponse => parseBars(answer) as BarsResponse;

let series: BarSeries;

function loaded(): void {
  series.load(parsed(), series.begin());
}

function price(timestamp: string, text: string, position: number, more: object = {}): void {
  const payload = { timestamp, price: text, open: null, ...more };
  series.apply(event("price_update", payload, { position }));
}

const closes = (): number[] => series.read().bars.map((bar) => bar.close);

beforeEach(() => {
  series = new BarSeries("SPX");
});

describe("loading", () => {
  it("reads bars; what has no open, high or low has its close", () => {
    expect(series.read().status).toBe("loading");
    loaded();
    expect(series.read().status).toBe("ready");
    expect(series.read().bars[0]).toEqual({
      time: Date.parse(DAY_1) / 1000,
      open: 1,
      high: 9.5,
      low: 1,
      close: 1,
      regime: "BULL",
    });
  });

  it("keeps what arrives meanwhile, and drops what the answer holds already", () => {
    const number = series.begin();
    price(DAY_2, "2.5", 50);
    price(DAY_3, "3", 51);
    series.load(parsed(), number);
    expect(closes()).toEqual([1, 2, 3]);
  });

  it("heeds only the newest of two loads", () => {
    const first = series.begin();
    const second = series.begin();
    series.load(parsed(), second);
    series.load({ head: 0, bars: [] }, first);
    expect(series.fail(first)).toBe(false);
    expect(closes()).toEqual([1, 2]);
  });

  it("says so when it fails", () => {
    expect(series.fail(series.begin())).toBe(true);
    expect(series.read().status).toBe("failed");
  });

  it("refuses an answer that does not fit", () => {
    expect(parseBars({ ...answer, bars: [{ ...raw(DAY_1, "1"), close: null }] })).toBeNull();
    expect(parseBars({ ...answer, bars: [{ ...raw(DAY_1, "1"), regime: "UP" }] })).toBeNull();
  });
});

describe("live", () => {
  beforeEach(loaded);

  it("appends a bar, and replaces the last one, without another generation", () => {
    const { generation } = series.read();
    price(DAY_3, "3", 51);
    price(DAY_3, "4", 52);
    expect(closes()).toEqual([1, 2, 4]);
    expect(series.read().generation).toBe(generation);
  });

  it("gives the same snapshot until something changes", () => {
    expect(series.read()).toBe(series.read());
    const before = series.read();
    price(DAY_3, "3", 51);
    expect(series.read()).not.toBe(before);
  });

  it("makes one bar of the bare ticks of a second", () => {
    const second = "2018-01-04T21:00:00";
    price(`${second}.100Z`, "3", 51, { bar_s: null, high: null });
    price(`${second}.200Z`, "5", 52, { bar_s: null, high: null });
    price(`${second}.300Z`, "4", 53, { bar_s: null, high: null });
    expect(series.read().bars.at(-1)).toMatchObject({ open: 3, high: 5, low: 3, close: 4 });
    expect(closes()).toHaveLength(3);
  });

  it("lets a correction replace its bar where there is one, and nothing else", () => {
    const { generation } = series.read();
    price(DAY_1, "1.25", 51, { corrects: "x" });
    price("2018-01-02T22:00:00Z", "7", 52, { corrects: "y" });
    price(DAY_3, "8", 53, { corrects: "z" });
    expect(closes()).toEqual([1.25, 2]);
    expect(series.read().generation).toBeGreaterThan(generation);
    expect(series.read().bars[0]?.regime).toBe("BULL");
  });

  it("colours bars by the final regime at their close, in whichever order both come", () => {
    const regime = (timestamp: string, position: number, provisional = false): void =>
      series.apply(event("regime_update", { timestamp, provisional }, { position }));
    regime(DAY_3, 51, true);
    price(DAY_3, "3", 52);
    expect(series.read().bars.map((bar) => bar.regime)).toEqual(["BULL", "BULL", "BULL"]);
    regime(DAY_3, 53);
    price("2018-01-05T21:00:00Z", "4", 54);
    expect(series.read().bars.map((bar) => bar.regime)).toEqual(["BULL", "BULL", "CRASH", "CRASH"]);
  });
});

describe("what comes late", () => {
  beforeEach(loaded);

  it("comes to its place, in the regime of then, and makes another generation", () => {
    const { generation } = series.read();
    price("2018-01-02T22:00:00Z", "1.5", 51);
    expect(closes()).toEqual([1, 1.5, 2]);
    expect(series.read().bars[1]?.regime).toBe("BULL");
    expect(series.read().generation).toBeGreaterThan(generation);
  });

  it("is not of this stretch when it is older than all of it", () => {
    price("2017-01-02T22:00:00Z", "1.5", 51);
    expect(closes()).toEqual([1, 2]);
  });

  it("is not of this stretch when it is later than its end", () => {
    series.load(parsed(), series.begin(), Date.parse(DAY_2) / 1000);
    price(DAY_3, "3", 51);
    expect(closes()).toEqual([1, 2]);
  });
});

describe("another moment", () => {
  beforeEach(loaded);

  it("has nothing that is later, and what is later again when it is moved forwards", () => {
    price(DAY_3, "3", 51);
    series.cut(Date.parse(DAY_1) / 1000, 10);
    expect(closes()).toEqual([1]);
    series.cut(Date.parse(DAY_3) / 1000, 50);
    expect(closes()).toEqual([1, 2, 3]);
    series.cut(null, 0);
    expect(closes()).toEqual([]);
  });

  it("grows by what comes after its position, and overtakes a load of before", () => {
    const number = series.begin();
    series.cut(Date.parse(DAY_1) / 1000, 10);
    series.load(parsed(), number);
    price(DAY_1, "9", 10);
    price(DAY_2, "5", 11);
    expect(closes()).toEqual([1, 5]);
  });

  it("takes an answer as of its position, whatever the head is", () => {
    series.load({ ...parsed(), position: 20, head: 50 }, series.begin());
    price(DAY_3, "3", 21);
    expect(closes()).toEqual([1, 2, 3]);
  });
});
