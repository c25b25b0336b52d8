import { expect, it } from "vitest";
import { formatFor, words } from "../../src/ui/format";

const { amount, moment, percent, plain, price, quantity, signed, signedAmount, signedPercent } =
  formatFor("en-GB", "UTC");

it("writes prices", () => {
  expect(["2673.6", "0.000123456", "1.5", "0", "-12.345", "1234567.891"].map(price)).toEqual([
    "2,673.60",
    "0.00012346",
    "1.5",
    "0.00",
    "-12.35",
    "1,234,567.89",
  ]);
});

it("writes fractions as percent, with a real minus", () => {
  expect(percent(0.873)).toBe("87%");
  expect(signedPercent(0.0123)).toBe("+1.2%");
  expect(signedPercent(-0.0123)).toBe("−1.2%");
  expect(signed(-0.5)).toBe("−0.50");
  expect(signed(0.5)).toBe("+0.50");
});

it("writes a market time as a date, and as a clock when it is of the last day", () => {
  const now = Date.parse("2026-01-16T12:00:00Z");
  expect(moment("2018-12-24T21:00:00.000000Z", now)).toBe("24 Dec 2018");
  expect(moment("2026-01-16T11:59:58.5Z", now)).toBe("11:59:58 UTC");
});

it("writes the clock of a zone that was chosen with its name, the reader's own without", () => {
  const now = Date.parse("2026-01-16T12:00:00Z");
  const at = "2026-01-16T11:59:58.5Z";
  expect(formatFor("en-GB", "Asia/Tokyo").moment(at, now)).toBe("20:59:58 GMT+9");
  expect(formatFor("en-US", "America/New_York").moment(at, now)).toBe("6:59:58 AM EST");
  expect(formatFor("en-GB", null).moment(at, now)).toMatch(/^\d\d:59:58$/);
});

it("writes quantities with all of their digits", () => {
  expect(quantity("123456789012345678.123456789012")).toBe("123,456,789,012,345,678.123456789012");
  expect(["979.412744", "10.00", "-15", "0.00000001"].map(quantity)).toEqual([
    "979.412744",
    "10",
    "−15",
    "0.00000001",
  ]);
});

it("writes amounts of money, and what was won or lost with a sign", () => {
  const amounts = ["4000.5", "-4000.5", "0.00", "1.5", "0.004949532961"];
  expect(amounts.map(amount)).toEqual(["4,000.50", "−4,000.50", "0.00", "1.50", "0.0049"]);
  expect(amounts.slice(0, 3).map(signedAmount)).toEqual(["+4,000.50", "−4,000.50", "0.00"]);
});

it("writes numbers of unknown meaning so that small ones stay visible", () => {
  expect([0.000123, -0.5, 1234.5678].map(plain)).toEqual(["0.000123", "−0.5", "1,234.6"]);
});

it("makes words of names", () => {
  expect(words("capital_preservation")).toBe("Capital preservation");
});
