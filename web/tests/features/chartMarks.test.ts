import { expect, it } from "vitest";
import { type ChartMark, MARKS_DRAWN_MAX, chartMarks, thinned } from "../../src/features/chart/marks";
import type { Mark } from "../../src/synapse/hooks";
import { DAY_S, FIRST_S, days } from "../bars";
import { episodesOf } from "../episodes";

const alert: Mark = {
  kind: "alert",
  id: "a",
  at: FIRST_S + 3 * DAY_S - 60,
  position: 7,
  severity: "critical",
  side: null,
  text: "down 20 %",
};
const trade: Mark = { ...alert, kind: "trade", id: "t", position: 9, severity: null, side: "buy" };

function mark(index: number, weight: number, kind: ChartMark["kind"] = "alert"): ChartMark {
  return { kind, look: "info", index, text: "", weight };
}

it("marks shifts, alerts and trades at their bars, with a look for each", () => {
  const episodes = episodesOf([
    { regime: "BULL", at: FIRST_S },
    { regime: "CRASH", at: FIRST_S + 2 * DAY_S },
  ]);
  const found = chartMarks(days(6), episodes, [alert, trade], Infinity);
  expect(found.map(({ kind, look, index }) => [kind, look, index])).toEqual([
    ["shift", "CRASH", 2],
    ["alert", "critical", 3],
    ["trade", "buy", 3],
  ]);
  expect(found[0]?.text).toBe("BULL to CRASH");
});

it("draws nothing that was recorded after the moment, nor what no bar is near", () => {
  expect(chartMarks(days(6), [], [alert, trade], 8).map(({ kind }) => kind)).toEqual(["alert"]);
  expect(chartMarks(days(2), [], [{ ...alert, at: FIRST_S + 90 * DAY_S }], Infinity)).toEqual([]);
});

it("keeps the weightier of two marks of one kind that would touch, and both of two kinds", () => {
  const kept = thinned([mark(10, 1), mark(12, 5), mark(13, 4, "trade"), mark(30, 1)], 5);
  expect(kept.map(({ index }) => index)).toEqual([12, 13, 30]);
});

it("keeps the newest of many equals, no two nearer than the room, and no more than can be drawn", () => {
  const many = Array.from({ length: 1000 }, (_, index) => mark(index, 1));
  const kept = thinned(many, 2.5);
  expect(kept.at(-1)?.index).toBe(999);
  const gaps = kept.slice(1).map(({ index }, at) => index - (kept[at]?.index ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2.5);
  expect(kept.length).toBeLessThanOrEqual(MARKS_DRAWN_MAX);
});
