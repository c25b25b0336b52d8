import { expect, it } from "vitest";
import { ownLocale } from "../../src/ui/useFormat";

it("writes in the reader's first language that there is", () => {
  expect(ownLocale(["de-DE", "en"])).toBe("de-DE");
  expect(ownLocale(["en-US@posix", "fr"])).toBe("fr");
  expect(ownLocale(["en-US@posix"])).toBe("en-US");
  expect(ownLocale([])).toBe("en-US");
});
