import { describe, expect, it } from "vitest";
import { BACKOFF_MAX_MS, backoffMs } from "../../src/synapse/backoff";
import { Cursor } from "../../src/synapse/cursor";

const at = (position: number, version: number, stream = "prices:SPX") => ({
  position,
  version,
  stream,
});

describe("the cursor", () => {
  it("takes each position once", () => {
    const cursor = new Cursor();
    expect(cursor.see(at(5, 1))).toBe("take");
    expect(cursor.see(at(5, 1))).toBe("drop");
    expect(cursor.see(at(4, 1, "regime:SPX"))).toBe("drop");
    expect(cursor.position).toBe(5);
    expect(cursor.continuity).toMatchObject({ received: 1, duplicates: 2, missed: 0 });
  });

  it("counts what is missing in a stream, and does not mind where a stream is joined", () => {
    const cursor = new Cursor();
    cursor.see(at(10, 40));
    cursor.see(at(11, 7, "regime:SPX"));
    cursor.see(at(12, 41));
    expect(cursor.continuity.missed).toBe(0);
    cursor.see(at(20, 45));
    cursor.see(at(21, 9, "regime:SPX"));
    expect(cursor.continuity.missed).toBe(4);
    cursor.see(at(22, 46));
    expect(cursor.continuity.missed).toBe(4);
  });

  it("follows a heartbeat's head, never back", () => {
    const cursor = new Cursor();
    cursor.see(at(5, 1));
    cursor.advance(9);
    cursor.advance(3);
    expect(cursor.position).toBe(9);
    expect(cursor.see(at(8, 2))).toBe("drop");
  });

  it("forgets its place but not its counts", () => {
    const cursor = new Cursor();
    cursor.epoch = "a";
    cursor.see(at(5, 1));
    expect(cursor.request()).toEqual({ history: { after: 5 }, epoch: "a" });
    cursor.forget();
    expect(cursor.request()).toEqual({ history: { last: 50 } });
    expect(cursor.see(at(2, 80))).toBe("take");
    expect(cursor.continuity).toMatchObject({ received: 2, missed: 0 });
  });
});

it("the backoff doubles from half a second to 15, spread over its upper half", () => {
  expect([0, 1, 2, 3, 4, 5, 99].map((attempt) => backoffMs(attempt, 0.999_999))).toEqual([
    500, 1000, 2000, 4000, 8000, 15_000, 15_000,
  ]);
  expect(backoffMs(0, 0)).toBe(250);
  expect(backoffMs(50, 0)).toBe(BACKOFF_MAX_MS / 2);
});
