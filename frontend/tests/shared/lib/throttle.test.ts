import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { throttle } from "@/shared/lib/throttle";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("the first call is made at once, those soon after it once, when the pause is over", () => {
  const action = vi.fn();
  const throttled = throttle(action, 1000);
  for (let time = 0; time < 3500; time += 100) {
    throttled();
    vi.advanceTimersByTime(100);
  }
  expect(action).toHaveBeenCalledTimes(4);
  vi.advanceTimersByTime(10_000);
  expect(action).toHaveBeenCalledTimes(5);
});

test("after a pause it is at once again", () => {
  const action = vi.fn();
  const throttled = throttle(action, 1000);
  throttled();
  vi.advanceTimersByTime(1001);
  throttled();
  expect(action).toHaveBeenCalledTimes(2);
});

test("what is given up is not called", () => {
  const action = vi.fn();
  const throttled = throttle(action, 1000);
  throttled();
  throttled();
  throttled.cancel();
  vi.advanceTimersByTime(5000);
  expect(action).toHaveBeenCalledTimes(1);
});
