import { describe, expect, it } from "vitest";
import { BARS_AFTER, BARS_BEFORE, QUIET_EVENTS_PER_S, quietSpeed, rhythmOf } from "../../src/synapse/quiet";
import { episode } from "./fakeRecorder";

const DAY_S = 86_400;
const QUIET = { events_per_s: QUIET_EVENTS_PER_S };
const shifts = [1_000 * DAY_S, 2_000 * DAY_S];
const at = (day: number, chosen: Parameters<typeof quietSpeed>[3] = 60) =>
  quietSpeed(day * DAY_S, shifts, DAY_S, chosen);

describe("the speed in quiet times", () => {
  it("is as chosen from 30 bars before a shift to 10 bars after it", () => {
    expect(at(1_000 - BARS_BEFORE - 1)).toEqual(QUIET);
    expect(at(1_000 - BARS_BEFORE)).toBe(60);
    expect(at(1_000)).toBe(60);
    expect(at(1_000 + BARS_AFTER)).toBe(60);
    expect(at(1_000 + BARS_AFTER + 1)).toEqual(QUIET);
  });

  it("is fast before the first shift and after the last", () => {
    expect(at(1)).toEqual(QUIET);
    expect(at(9_000)).toEqual(QUIET);
    expect(quietSpeed(5, [], 1, 60)).toEqual(QUIET);
  });

  it("is never slower than what was chosen", () => {
    expect(at(1, "max")).toBe("max");
    expect(at(1, { events_per_s: 5_000 })).toEqual({ events_per_s: 5_000 });
  });
});

describe("the rhythm of a symbol", () => {
  it("has its shifts, and the usual distance of its bars", () => {
    const first = { previous_regime: null, bars: 100, end: "2018-04-11T00:00:00Z" };
    const rhythm = rhythmOf([
      episode("2018-01-01T00:00:00Z", 1, first),
      episode("2018-04-11T00:00:00Z", 2, { bars: 5, end: "2018-04-21T00:00:00Z" }),
      episode("2018-04-21T00:00:00Z", 3, { bars: 10, end: "2018-05-01T00:00:00Z" }),
      episode("2018-05-01T00:00:00Z", 4),
    ]);
    expect(rhythm.shifts).toHaveLength(3);
    expect(rhythm.usualBarS).toBe(DAY_S);
    expect(rhythmOf([])).toEqual({ shifts: [], usualBarS: 0 });
  });
});
