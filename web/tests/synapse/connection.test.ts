import { describe, expect, it } from "vitest";
import { ageWords, connectionWords, refusal } from "../../src/synapse/connection";
import { socketUrl } from "../../src/synapse/world";

describe("the connection in words", () => {
  it.each([
    [{ name: "connecting" }, "Connecting"],
    [{ name: "catching_up" }, "Catching up"],
    [{ name: "live" }, "Live"],
    [{ name: "reconnecting", retryAt: 13_500 }, "Reconnecting in 4 s"],
    [{ name: "reconnecting", retryAt: 9_000 }, "Reconnecting now"],
    [{ name: "offline" }, "Offline"],
    [{ name: "stale" }, "Stale"],
    [{ name: "refused", reason: "because" }, "Refused"],
  ] as const)("%o", (connection, word) => {
    const words = connectionWords(connection, 10_000);
    expect(words.word).toBe(word);
    expect(words.sentence).not.toBe("");
  });

  it("gives the reason of a refusal", () => {
    expect(connectionWords({ name: "refused", reason: "because" }, 0).sentence).toBe("because");
    expect(refusal(4401, "")).toContain("sign-in");
    expect(refusal(4500, "x")).toContain("x");
    expect(refusal(4399, "")).toBeNull();
    expect(refusal(4800, "")).toBeNull();
  });

  it.each([
    [-5, "0 s"],
    [42_000, "42 s"],
    [185_000, "3 min"],
    [7_300_000, "2 h"],
    [500_000_000, "5 d"],
  ])("%i ms are %s", (ms, words) => {
    expect(ageWords(ms)).toBe(words);
  });
});

it.each([
  ["http://127.0.0.1:8000/?symbol=SPX#x", "ws://127.0.0.1:8000/ws/synapse"],
  ["https://host/under/index.html", "wss://host/under/ws/synapse"],
])("the socket is beside the page: %s", (page, url) => {
  expect(socketUrl(page)).toBe(url);
});
