import { describe, expect, it } from "vitest";
import { around, drawn, moved, within } from "../../src/features/ribbon/brush";
import { stripPaths } from "../../src/features/ribbon/strip";
import { ticksOf } from "../../src/features/ribbon/ticks";
import {
  columns,
  fractionAt,
  momentAt,
  stretchAt,
  timelineOf,
} from "../../src/features/ribbon/timeline";
import { isIntraday, usualBarS } from "../../src/ui/usualBar";
import { type Cut, episodesOf } from "../episodes";

const DAY = 86_400;
const cut = (regime: Cut["regime"], day: number): Cut => ({ regime, at: day * DAY });

const year = (one: number): number => Date.UTC(one, 0, 1) / 1000;

describe("the line of a symbol's history", () => {
  it("follows one episode on the other, up to its end", () => {
    const line = timelineOf(episodesOf([cut("BULL", 10), cut("CRASH", 20)]), 30 * DAY);
    expect(line).toEqual({
      from: 10 * DAY,
      to: 30 * DAY,
      stretches: [
        { regime: "BULL", from: 10 * DAY, to: 20 * DAY },
        { regime: "CRASH", from: 20 * DAY, to: 30 * DAY },
      ],
    });
  });

  it("has a length even when it has only begun", () => {
    const line = timelineOf(episodesOf([cut("BULL", 10)]), 0);
    expect(line && line.to > line.from).toBe(true);
    expect(timelineOf([], 0)).toBeNull();
  });

  it("finds the stretch of a moment", () => {
    const line = timelineOf(episodesOf([cut("BULL", 0), cut("BEAR", 5), cut("CRASH", 7)]), 9 * DAY)!;
    const at = (day: number) => stretchAt(line, day * DAY)?.regime;
    expect([-1, 0, 4.9, 5, 6.9, 7, 99].map(at)).toEqual([
      "BULL",
      "BULL",
      "BULL",
      "BEAR",
      "BEAR",
      "CRASH",
      "CRASH",
    ]);
  });

  it("keeps a place and its moment together", () => {
    const line = { from: 100, to: 300 };
    for (const fraction of [0, 0.25, 1]) {
      expect(fractionAt(line, momentAt(line, fraction))).toBeCloseTo(fraction);
    }
    expect(fractionAt(line, 999)).toBe(1);
    expect(momentAt(line, -1)).toBe(100);
  });
});

describe("the pixels of the strip", () => {
  it("show what fills most of them", () => {
    const line = timelineOf(episodesOf([cut("BULL", 0), cut("SIDEWAYS", 6)]), 10 * DAY)!;
    expect(columns(line, 1)).toEqual(["BULL"]);
    expect(columns(line, 5)).toEqual(["BULL", "BULL", "BULL", "SIDEWAYS", "SIDEWAYS"]);
  });

  it("lose no crash, however short, among five thousand episodes", () => {
    const calm = Array.from({ length: 5_000 }, (_, day) =>
      cut(day % 2 ? "BULL" : day % 500 === 250 ? "CRASH" : "BEAR", day * 3),
    );
    const line = timelineOf(episodesOf(calm), 15_000 * DAY)!;
    const pixels = columns(line, 300);
    expect(pixels).toHaveLength(300);
    expect(pixels).not.toContain(null);
    for (const stretch of line.stretches.filter(({ regime }) => regime === "CRASH")) {
      expect(pixels[Math.floor(fractionAt(line, stretch.from) * 300)]).toBe("CRASH");
    }
    expect(pixels.filter((one) => one === "CRASH").length).toBeLessThan(25);
  });

  it("are one path a regime, each of its own height", () => {
    const paths = stripPaths(["BULL", "BULL", null, "CRASH", "BEAR"], 20);
    expect(paths).toEqual({
      BULL: "M0 20v-17h2v17z",
      CRASH: "M3 20v-20h1v20z",
      BEAR: "M4 20v-6h1v6z",
      SIDEWAYS: "",
    });
  });
});

describe("the axis", () => {
  it("marks as many years as have room", () => {
    const span = { from: year(1990) + 1, to: year(2024) };
    expect(ticksOf(span, 2_000).at).toHaveLength(33);
    const narrow = ticksOf(span, 200);
    expect(narrow.years).toBe(true);
    // 2020 would stand 24 pixels before the end, and its words take more.
    expect(narrow.at.map((at) => new Date(at * 1000).getUTCFullYear())).toEqual([2000, 2010]);
  });

  it("marks round times where the line is short", () => {
    const { at, years } = ticksOf({ from: 100, to: 7_300 }, 400);
    expect(years).toBe(false);
    // 7,200 is too near to the end for its words.
    expect(at).toEqual([3_600]);
    // Dates of sixteen months have room on a phone, too.
    expect(ticksOf({ from: 0, to: 490 * DAY }, 284).at).toEqual([0, 365 * DAY]);
  });
});

describe("the frame", () => {
  const line = { from: 0, to: 1_000 };
  const frame = { from: 400, to: 600 };

  it("moves by its ends, never shorter than it may be", () => {
    expect(moved(frame, "from", -100, line, 50)).toEqual({ from: 300, to: 600 });
    expect(moved(frame, "from", 900, line, 50)).toEqual({ from: 550, to: 600 });
    expect(moved(frame, "to", 900, line, 50)).toEqual({ from: 400, to: 1_000 });
  });

  it("keeps its length when it is moved as a whole, and stays on the line", () => {
    expect(moved(frame, "all", 100, line, 50)).toEqual({ from: 500, to: 700 });
    expect(moved(frame, "all", 9_000, line, 50)).toEqual({ from: 800, to: 1_000 });
    expect(moved(frame, "all", -9_000, line, 50)).toEqual({ from: 0, to: 200 });
  });

  it("is drawn in either direction", () => {
    expect(drawn(700, 300, line, 50)).toEqual({ from: 300, to: 700 });
    expect(drawn(-50, 20, line, 50)).toEqual({ from: 0, to: 50 });
    expect(drawn(990, 1_500, line, 50)).toEqual({ from: 950, to: 1_000 });
  });

  it("shows what of it lies on the line", () => {
    expect(within({ from: -100, to: 50 }, line)).toEqual({ from: 0, to: 50 });
    expect(within({ from: 2_000, to: 3_000 }, line)).toBeNull();
    expect(within(null, line)).toBeNull();
  });

  it("has some of the line around it, of which there is more after it", () => {
    expect(around({ from: 400, to: 600 }, line)).toEqual({ from: 380, to: 650 });
    expect(around({ from: 0, to: 900 }, line)).toEqual({ from: 0, to: 1_000 });
  });
});

it("tells bars within a day from daily ones", () => {
  expect(usualBarS(episodesOf([cut("BULL", 0)]))).toBe(DAY);
  const minutes = episodesOf([
    { regime: "BULL", at: 0, bars: 60 },
    { regime: "BEAR", at: 3_600 },
  ]);
  expect(usualBarS(minutes)).toBe(60);
  expect(isIntraday(minutes)).toBe(true);
  expect(isIntraday([])).toBe(false);
});
