import { expect, test } from "vitest";
import { parseDurationSeconds } from "../../src/config/duration.ts";

test.each([
  ["90", 90],
  ["1.5", 1.5],
  ["0", 0],
  ["250ms", 0.25],
  ["90s", 90],
  ["5m", 300],
  ["5min", 300],
  ["1.5h", 5400],
  ["2h30m", 9000],
  ["1d 12h", 129_600],
  [" 1 h 5 min ", 3900],
])("%j lasts %d seconds", (text, seconds) => {
  expect(parseDurationSeconds(text)).toBe(seconds);
});

test.each(["", "-5", "-5s", "h", "5x", "2h30", "1h-30m", "1:30", "Infinity", `${"9".repeat(400)}s`])(
  "%j is no duration",
  (text) => {
    expect(parseDurationSeconds(text)).toBeNull();
  },
);
