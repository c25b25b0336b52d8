import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { throttle } from "../../src/ui/throttle";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it("passes the first on at once and the newest of each stretch later", () => {
  const run = vi.fn();
  const one = throttle<number>(100, run);
  for (let value = 1; value <= 5; value += 1) one.call(value);
  expect(run.mock.calls).toEqual([[1]]);
  vi.advanceTimersByTime(100);
  expect(run.mock.calls).toEqual([[1], [5]]);
  vi.advanceTimersByTime(500);
  one.call(6);
  expect(run).toHaveBeenLastCalledWith(6);
});

it("can send what waits at once, or forget it", () => {
  const run = vi.fn();
  const one = throttle<number>(100, run);
  one.call(1);
  one.call(2);
  one.flush();
  expect(run.mock.calls).toEqual([[1], [2]]);
  one.call(3);
  one.cancel();
  vi.advanceTimersByTime(500);
  expect(run).toHaveBeenCalledTimes(2);
});
