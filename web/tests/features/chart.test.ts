import { expect, it } from "vitest";
import { regimeBands, slivers } from "../../src/features/chart/bands";
import { chartWords } from "../../src/features/chart/chartWords";
import { offered, spanOf } from "../../src/features/chart/ranges";
import { bandEdges } from "../../src/features/chart/regimeBands";
import { barFrom, barOf, timeDetail } from "../../src/features/chart/search";
import { tickWriter, timeWords } from "../../src/features/chart/times";
import type { Regime } from "../../src/synapse/generated";
import { formatFor } from "../../src/ui/format";
import { DAY_S, FIRST_S, barsOf, days } from "../bars";
import { episodesOf } from "../episodes";

const day = (number: number): number => FIRST_S + number * DAY_S;

it("draws one band for each run of a regime, and none where there is no regime", () => {
  const found = regimeBands(barsOf(1, null, "BULL", "BULL", "BEAR", null, "BEAR", "BEAR"));
  expect(found).toEqual([
    { regime: "BULL", first: 1, last: 2 },
    { regime: "BEAR", first: 3, last: 3 },
    { regime: "BEAR", first: 5, last: 6 },
  ]);
  expect(regimeBands([])).toEqual([]);
});

it("keeps an episode that merged bars hide, and only that", () => {
  const merged = days(40).filter((_, index) => index % 10 === 0);
  const episodes = episodesOf([
    { regime: "BULL", at: day(-20) },
    { regime: "BEAR", at: day(5) },
    { regime: "CRASH", at: day(12) },
    { regime: "BEAR", at: day(14) },
    { regime: "BULL", at: day(25) },
  ]);
  expect(slivers(merged, episodes, Infinity)).toEqual([{ regime: "CRASH", at: 2 }]);
  expect(slivers(merged, episodes, 29)).toEqual([]);
});

it("lets bands meet without a gap, and gives the narrowest a pixel, a crash two", () => {
  const places = { origin: 3.3, spacing: 0.2 };
  const band = { regime: "BULL", first: 10, last: 11 } as const;
  const next = { regime: "CRASH", first: 12, last: 12 } as const;
  expect(bandEdges(band, places, 1)[1]).toBeGreaterThan(bandEdges(band, places, 1)[0]);
  const [left, right] = bandEdges(next, places, 2);
  expect(right - left).toBe(4);
  const wide = { origin: 3.3, spacing: 7.7 };
  expect(bandEdges(band, wide, 1.5)[1]).toBe(bandEdges(next, wide, 1.5)[0]);
});

it("shows times as exactly as the bars are close", () => {
  const run: Regime[] = Array.from({ length: 9 }, () => "BULL" as const);
  expect(timeDetail(barsOf(DAY_S, ...run))).toBe("day");
  expect(timeDetail(barsOf(300, ...run))).toBe("minute");
  expect(timeDetail(barsOf(1, ...run))).toBe("second");
  expect(timeDetail([])).toBe("day");
});

it("finds bars by their times", () => {
  const bars = days(5);
  expect(barFrom(bars, FIRST_S + 1)).toBe(1);
  expect(barFrom(bars, FIRST_S + 9 * DAY_S)).toBe(5);
  expect(barOf(bars, FIRST_S + 2 * DAY_S)).toBe(2);
  expect(barOf(bars, FIRST_S + 4 * DAY_S + 60)).toBe(4);
  expect(barOf(bars, FIRST_S + 40 * DAY_S)).toBeNull();
  expect(barOf([], FIRST_S)).toBeNull();
});

it("offers the ranges that are shorter than the data", () => {
  const newest = Date.parse("2018-12-31T21:00:00Z") / 1000;
  expect(spanOf("year", newest)).toEqual({
    from: Date.parse("2017-12-31T21:00:00Z") / 1000,
    to: newest,
  });
  expect(spanOf("all", newest)).toBeNull();
  expect(offered({ from: newest - 400 * DAY_S, to: newest })).toEqual([
    "all",
    "year",
    "quarter",
    "recent",
  ]);
  expect(offered(null)).toEqual(["all", "recent"]);
});

it("writes times in the reader's language and time zone", () => {
  const german = formatFor("de-DE", "Asia/Tokyo");
  const time = Date.parse("2008-10-10T21:00:00Z") / 1000;
  expect(tickWriter(german)(time, 1)).toBe("Okt");
  expect(tickWriter(german)(time, 2)).toContain("11");
  expect(tickWriter(german)(time, 3)).toBe("06:00");
  expect(timeWords(german, "day", time)).toBe("11.10.2008");
  expect(timeWords(formatFor("en-GB", "UTC"), "minute", time)).toContain("21:00");
});

it("says in words what the picture shows", () => {
  const words = chartWords("SPX", barsOf(DAY_S, "BULL", "BEAR", null), formatFor("en-GB", "UTC"));
  expect(words).toBe(
    "Chart of SPX, 9 Sept 2001 to 11 Sept 2001: from 101.00 to 103.00, +2.0%. Regimes in view: BULL, BEAR.",
  );
  expect(chartWords("SPX", [], formatFor("en-GB", "UTC"))).toBe("Chart of SPX, without prices.");
});
