import { expect, test } from "vitest";
import { isoFromWallMs, systemClock } from "../src/clock.ts";

test("instants are written in UTC with milliseconds", () => {
  expect(isoFromWallMs(1_767_225_600_007)).toBe("2026-01-01T00:00:00.007Z");
});

test("the machine's monotonic clock never goes backwards", () => {
  const instants = Array.from({ length: 1000 }, () => systemClock.monotonicNs());
  expect(instants.every((instant, index) => index === 0 || instant >= (instants[index - 1] ?? 0n))).toBe(true);
});
