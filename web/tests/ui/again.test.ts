import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LOAD_AGAIN_MS, LOAD_TRIES, again } from "../../src/ui/again";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("asks again until it is there, each time after a longer wait", async () => {
  const load = vi.fn(async () => "part");
  load.mockRejectedValueOnce(new Error("away"));
  load.mockRejectedValueOnce(new Error("away"));
  const loaded = again(load);
  await vi.advanceTimersByTimeAsync(LOAD_AGAIN_MS);
  expect(load).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(2 * LOAD_AGAIN_MS);
  expect(await loaded).toBe("part");
});

it("gives up in the end, with the reason", async () => {
  const load = vi.fn(() => Promise.reject(new Error("gone")));
  const loaded = expect(again(load)).rejects.toThrow("gone");
  await vi.runAllTimersAsync();
  await loaded;
  expect(load).toHaveBeenCalledTimes(LOAD_TRIES);
});
