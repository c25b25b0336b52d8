import { expect, describe, it } from "vitest";
import { type Address, formatAddress, parseAddress, sameMoment } from "../../src/app/address";
import { comparedWords, copiedWords, ignoredWords, stateDigits } from "../../src/app/linkWords";
import type { Speed } from "../../src/synapse/machine";

const NOTHING: Address = {
  symbol: null,
  position: null,
  compare: null,
  speed: null,
  state: null,
  lane: null,
};
const STATE = "3f2a9c0d1e2f3a4b";
const ROUNDS = 2_000;

/** Numbers from 0 to 1, the same ones in each run. */
function numbers(): () => number {
  let seed = 20_081_010;
  return () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
}

/** Any sound address. */
function anyAddress(next: () => number): Address {
  const maybe = <T>(make: () => T): T | null => (next() < 0.5 ? make() : null);
  const digits = (most: number): number => Math.floor(next() * 10 ** Math.ceil(next() * most));
  const letters = "abcXYZ019._:/^=-";
  const letter = (): string => letters[Math.floor(next() * letters.length)] ?? "";
  const speeds: Speed[] = [
    "max",
    (1000 + Math.floor(next() * 999_999_000)) / 1000,
    { events_per_s: (1 + Math.floor(next() * 9_000)) / 1000 },
  ];
  const position = maybe(() => digits(15));
  const hex = (): string => Math.floor(next() * 16).toString(16);
  return {
    symbol: maybe(() => `S${Array.from({ length: Math.floor(next() * 31) }, letter).join("")}`),
    position,
    compare: maybe(() => digits(15)),
    speed: maybe(() => speeds[Math.floor(next() * speeds.length)] ?? "max"),
    state: position === null ? null : maybe(() => Array.from({ length: 16 }, hex).join("")),
    lane: maybe(() => `l${Array.from({ length: Math.floor(next() * 20) }, hex).join(".")}`),
  };
}

describe("an address", () => {
  it("says again what was written into it", () => {
    const next = numbers();
    for (let round = 0; round < ROUNDS; round += 1) {
      const address = anyAddress(next);
      const search = formatAddress(address);
      const parsed = parseAddress(search);
      expect(parsed.ignored).toEqual([]);
      expect(parsed.address).toEqual(address);
      expect(formatAddress(parsed.address)).toBe(search);
      expect(sameMoment(parsed.address, address)).toBe(true);
    }
  });

  it("is read as anything at all without an error, and is then stable", () => {
    const next = numbers();
    const characters = "?&=positnsymblcarepdx0123456789.-+e%2fmaux \u0000ü";
    for (let round = 0; round < ROUNDS; round += 1) {
      const length = Math.floor(next() * 40);
      const text = Array.from(
        { length },
        () => characters[Math.floor(next() * characters.length)] ?? "",
      ).join("");
      const { address } = parseAddress(`?position=${text}`);
      expect(parseAddress(formatAddress(address)).address).toEqual(address);
    }
  });

  it("names each part", () => {
    const search = `?symbol=%5EGSPC&position=12345&compare=0&speed=86400&state=${STATE}&lane=sma200`;
    expect(parseAddress(search)).toEqual({
      address: {
        symbol: "^GSPC",
        position: 12_345,
        compare: 0,
        speed: 86_400,
        state: STATE,
        lane: "sma200",
      },
      ignored: [],
    });
    expect(parseAddress("")).toEqual({ address: NOTHING, ignored: [] });
    expect(parseAddress("?speed=120eps").address.speed).toEqual({ events_per_s: 120 });
    expect(parseAddress("?speed=max").address.speed).toBe("max");
  });

  it.each([
    "position=-1",
    "position=1.5",
    "position=01",
    "position=1e3",
    "position=9999999999999999",
    "position=",
    "compare=head",
    "speed=0",
    "speed=0.5",
    "speed=1000001",
    "speed=Infinity",
    "speed=0eps",
    "speed=NaN",
    "symbol=",
    "symbol=a%20b",
    "symbol=%3Cb%3E",
    `symbol=${"A".repeat(33)}`,
    "lane=",
    "lane=a%2Fb",
    `lane=${"a".repeat(65)}`,
  ])("ignores %s and says so", (query) => {
    const { address, ignored } = parseAddress(`?${query}`);
    expect(address).toEqual(NOTHING);
    expect(ignored).toHaveLength(1);
  });

  it("takes no name that comes twice, and no state without its position", () => {
    expect(parseAddress("?position=1&position=2")).toEqual({
      address: NOTHING,
      ignored: ["position=1"],
    });
    expect(parseAddress(`?state=${STATE}`)).toEqual({
      address: NOTHING,
      ignored: ["state without a position"],
    });
    expect(parseAddress("?position=1&state=XYZ").ignored).toEqual(["state=XYZ"]);
  });

  it("leaves alone what is not its own", () => {
    const search = formatAddress({ ...NOTHING, symbol: "SPX" }, "?theme=dark&position=5");
    expect(search).toBe("?theme=dark&symbol=SPX");
    expect(formatAddress(NOTHING, "?position=5")).toBe("");
  });
});

describe("the words about a link", () => {
  it("tell whether the sender saw the same", () => {
    expect(comparedWords(STATE, `${STATE}ffff`)).toEqual({
      text: "You see the same state as who sent this link: 3f2a9c…",
      warning: false,
    });
    const other = comparedWords(STATE, "ffffffffffffffffff");
    expect(other.warning).toBe(true);
    expect(other.text).toContain("says something else at that position");
    expect(comparedWords(STATE, null).warning).toBe(true);
  });

  it("tell what was copied and what was ignored", () => {
    expect(copiedWords(STATE).text).toBe("Link copied. State 3f2a9c…");
    expect(copiedWords(null).text).toContain("without the state's hash");
    expect(ignoredWords([])).toBeNull();
    expect(ignoredWords(["speed=x", "position=y"])).toContain("speed=x, position=y");
  });

  it("take only a hash for one", () => {
    expect(stateDigits(`${STATE}9999`)).toBe(STATE);
    expect([stateDigits(null), stateDigits("abc"), stateDigits("no hash at all !")]).toEqual([
      null,
      null,
      null,
    ]);
  });
});
