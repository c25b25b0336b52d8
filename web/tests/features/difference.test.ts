import { describe, expect, it } from "vitest";
import {
  agreement,
  besides,
  differencePath,
  differences,
  partings,
} from "../../src/features/ribbon/difference";
import { type Timeline, along, common, stretchAt, timelineOf } from "../../src/features/ribbon/timeline";
import { type Cut, episodesOf } from "../episodes";

const cut = (regime: Cut["regime"], at: number): Cut => ({ regime, at });
const line = (end: number, ...cuts: Cut[]): Timeline => timelineOf(episodesOf(cuts), end)!;

const recorded = line(100, cut("BULL", 0), cut("BEAR", 40), cut("CRASH", 60), cut("BULL", 80));
const lane = line(90, cut("BULL", 10), cut("BEAR", 50), cut("BULL", 80));
const found = differences(recorded, lane);

const from = (at: number, way: "next" | "previous") => besides(found, at, way)?.from;

describe("the differences of two lines", () => {
  it("are where both have a regime and not the same", () => {
    expect(found).toEqual([
      { from: 40, to: 50, recorded: "BEAR", lane: "BULL" },
      { from: 60, to: 80, recorded: "CRASH", lane: "BEAR" },
    ]);
    expect(differences(recorded, recorded)).toEqual([]);
    expect(differences(recorded, line(300, cut("BEAR", 200)))).toEqual([]);
  });

  it("are those that looking at every moment finds", () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % below;
    };
    const regimes = ["BULL", "BEAR", "CRASH", "SIDEWAYS"] as const;
    const any = (): Timeline => {
      const starts = Array.from({ length: 1 + random(12) }, () => random(100));
      const rising = [...new Set(starts)].toSorted((a, b) => a - b);
      return line(100 + random(20), ...rising.map((at) => cut(regimes[random(4)] ?? "BULL", at)));
    };
    for (let round = 0; round < 200; round += 1) {
      const [one, other] = [any(), any()];
      const parts = differences(one, other);
      const both = common(one, other)!;
      for (let at = both.from; at < both.to; at += 1) {
        const differ = stretchAt(one, at)?.regime !== stretchAt(other, at)?.regime;
        const told = parts.some((part) => part.from <= at && at < part.to);
        expect(told).toBe(differ);
      }
    }
  });

  it("leave a share of the time in which the two agree", () => {
    expect(agreement(found, { from: 10, to: 90 })).toBeCloseTo(1 - 30 / 80);
    expect(agreement(found, { from: 40, to: 50 })).toBe(0);
    expect(agreement(found, { from: 0, to: 40 })).toBe(1);
  });

  it("are gone to one after the other, and round again", () => {
    expect([-Infinity, 40, 45, 60, 99].map((at) => from(at, "next"))).toEqual([40, 60, 60, 40, 40]);
    expect([99, 60, 40].map((at) => from(at, "previous"))).toEqual([60, 40, 60]);
    expect(besides([], 5, "next")).toBeNull();
    const passing = differences(recorded, line(100, cut("SIDEWAYS", 0)));
    expect(passing).toHaveLength(4);
    expect(besides(passing, 0, "next")?.from).toBe(0);
  });

  it("are drawn where they are, the shortest a column wide", () => {
    expect(differencePath(found, { from: 0, to: 100 }, 10, 6)).toBe("M4 6V0H5V6zM6 6V0H8V6z");
    const short = [{ from: 41, to: 42, recorded: "BULL", lane: "BEAR" }] as const;
    expect(differencePath(short, { from: 0, to: 100 }, 10, 6)).toBe("M4 6V0H5V6z");
    expect(differencePath(found, { from: 55, to: 65 }, 10, 6)).toBe("M5 6V0H10V6z");
  });

  it("are counted within a stretch, one that passes into another once", () => {
    const counts = [{ from: 0, to: 100 }, { from: 0, to: 55 }, { from: 50, to: 60 }];
    expect(counts.map((span) => partings(found, span))).toEqual([2, 1, 0]);
    expect(partings(differences(recorded, line(100, cut("SIDEWAYS", 0))), { from: 0, to: 100 })).toBe(1);
  });
});

it("a lane is drawn along the recorded time, and nothing of it beyond", () => {
  const drawn = along({ from: 20, to: 70 }, lane);
  expect(drawn).toEqual({
    from: 20,
    to: 70,
    stretches: [
      { regime: "BULL", from: 20, to: 50 },
      { regime: "BEAR", from: 50, to: 70 },
    ],
  });
});
