import { expect, it } from "vitest";
import { regimeBands, timeDetail } from "../../src/features/chart/bands";
import type { Bar } from "../../src/synapse/bars";
import type { Regime } from "../../src/synapse/generated";

function bars(step: number, ...regimes: (Regime | null)[]): Bar[] {
  return regimes.map((regime, index) => ({
    time: 1_000_000 + index * step,
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    regime,
  }));
}

it("draws one band for each run of a regime, and none where there is no regime", () => {
  const found = regimeBands(bars(1, null, "BULL", "BULL", "BEAR", null, "BEAR", "BEAR"));
  expect(found).toEqual([
    { regime: "BULL", first: 1_000_001, last: 1_000_002 },
    { regime: "BEAR", first: 1_000_003, last: 1_000_003 },
    { regime: "BEAR", first: 1_000_005, last: 1_000_006 },
  ]);
  expect(regimeBands([])).toEqual([]);
});

it("shows times as exactly as the bars are close", () => {
  const run: Regime[] = Array.from({ length: 9 }, () => "BULL" as const);
  expect(timeDetail(bars(86_400, ...run))).toBe("day");
  expect(timeDetail(bars(300, ...run))).toBe("minute");
  expect(timeDetail(bars(1, ...run))).toBe("second");
  expect(timeDetail([])).toBe("day");
});
