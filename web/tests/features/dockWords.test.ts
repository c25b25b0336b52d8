import { describe, expect, it } from "vitest";
import { besides, speedChoices } from "../../src/features/dock/speeds";
import { eventWords, shortHash } from "../../src/features/dock/words";
import { endOf, fieldText } from "../../src/features/dock/zone";
import { formatFor } from "../../src/ui/format";
import { event } from "../samples";

const ENGLISH = formatFor("en-GB", "UTC");

const of = (one: Parameters<typeof eventWords>[0]): string => eventWords(one, ENGLISH);

describe("a date of a zone", () => {
  it("ends where the next one begins, whatever the clocks do", () => {
    expect(endOf("2008-10-10", "day", "UTC")).toBe("2008-10-10T23:59:59.999Z");
    expect(endOf("2008-10-10", "day", "America/New_York")).toBe("2008-10-11T03:59:59.999Z");
    expect(endOf("2024-03-31", "day", "Europe/Berlin")).toBe("2024-03-31T21:59:59.999Z");
    expect(endOf("2024-03-30", "day", "Europe/Berlin")).toBe("2024-03-30T22:59:59.999Z");
    expect(endOf("2024-07-01 09:30", "minute", "Asia/Kolkata")).toBe("2024-07-01T04:00:59.999Z");
  });

  it("is not any text", () => {
    const wrong = ["", "2008-13-01", "2008-02-31", "yesterday", "10/10/2008", "2008-10-10 15:30"];
    for (const text of wrong) expect(endOf(text, "day", "UTC")).toBeNull();
    expect(endOf("2008-10-10 25:30", "minute", "UTC")).toBeNull();
  });

  it("may be pasted with blanks and the T of a time, and is a whole day where minutes count", () => {
    expect(endOf(" 2008-10-10T15:30 ", "minute", "UTC")).toBe("2008-10-10T15:30:59.999Z");
    expect(endOf("2008-10-10", "minute", "UTC")).toBe("2008-10-10T23:59:59.999Z");
  });

  it("is written into a field as the zone's clock shows it", () => {
    expect(fieldText("2008-10-10T23:30:00Z", "day", "Asia/Tokyo")).toBe("2008-10-11");
    expect(fieldText("2008-10-10T23:30:00Z", "minute", "America/New_York")).toBe("2008-10-10 19:30");
  });

  it("leads back to itself from every hour of a year", () => {
    const zone = "America/New_York";
    for (let hour = 0; hour < 8_784; hour += 7) {
      const at = new Date(Date.UTC(2024, 0, 1, hour)).toISOString();
      const end = endOf(fieldText(at, "day", zone), "day", zone) ?? "";
      expect(Date.parse(end)).toBeGreaterThanOrEqual(Date.parse(at));
      expect(fieldText(end, "day", zone)).toBe(fieldText(at, "day", zone));
    }
  });
});

it("says of each kind of event what it was", () => {
  expect(of(event("regime_update", { previous_regime: "CRASH" }))).toBe("SPX stays CRASH");
  expect(of(event("regime_update", { previous_regime: null }))).toBe("SPX began as CRASH");
  expect(of(event("regime_update", { provisional: true }))).toBe("SPX may become CRASH");
  expect(of(event("price_update"))).toBe("SPX at 2,351.10");
  expect(of(event("price_alert"))).toBe("SPX is 20 % below its high");
  expect(of(event("portfolio_update"))).toBe("Portfolio main at 104,000.50");
  expect(of(event("trade_execution"))).toBe("Sold 12.5 SPX at 2,351.10");
  expect(of(event("system_notice"))).toBe("spx started");
  expect(shortHash("0123456789")).toBe("012345…");
});

it("puts a speed of a link among its own, and goes no further than its ends", () => {
  const choices = speedChoices(false, 7_200, ENGLISH.count);
  expect(choices.map(({ words }) => words).slice(0, 3)).toEqual(["1 h/s", "7,200 s/s", "1 d/s"]);
  expect(besides(choices, 7_200, 1)).toBe(86_400);
  expect(besides(choices, "max", 1)).toBe("max");
  expect(besides(choices, 3_600, -1)).toBe(3_600);
  expect(speedChoices(true, 60, ENGLISH.count)[1]?.words).toBe("1 min/s");
});
