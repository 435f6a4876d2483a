import { assert, date, double, property } from "fast-check";
import { expect, test } from "vitest";
import { periodsBetween } from "../../../src/cli/commands/report/periods.ts";

const between = (first: string, last: string) => periodsBetween(Date.parse(first), Date.parse(last));

test.each([
  [
    "2026-03-08T10:30:00Z",
    "2026-03-08T12:00:00Z",
    "hour",
    ["2026-03-08 10:00", "2026-03-08 11:00", "2026-03-08 12:00"],
  ],
  ["2026-02-27T23:59:59Z", "2026-03-02T00:00:00Z", "day", ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]],
  ["1969-12-28T00:00:00Z", "1970-04-02T00:00:00Z", "week", ["1969-12-22", "1969-12-29"]],
  ["2023-12-31T00:00:00Z", "2026-01-01T00:00:00Z", "month", ["2023-12", "2024-01"]],
  ["2000-12-31T00:00:00Z", "2026-01-01T00:00:00Z", "year", ["2000", "2001"]],
  ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "year", ["0 to 109", "110 to 219"]],
])("from %s to %s are counted by the %s", (first, last, unit, labels) => {
  const periods = between(first, last);
  expect(periods.unit).toBe(unit);
  expect(labels.map((_, index) => periods.label(index))).toEqual(labels);
});

test("a week begins on Monday", () => {
  const periods = between("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
  expect(new Date(periods.startMs(7)).getUTCDay()).toBe(1);
});

const moment = date({
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T00:00:00Z"),
  noInvalidDate: true,
});

test("every moment lies in one of at most 92 periods, behind its beginning and before the next", () => {
  assert(
    property(moment, moment, double({ min: 0, max: 1, noNaN: true }), (one, other, share) => {
      const [firstMs, lastMs] = [Math.min(+one, +other), Math.max(+one, +other)];
      const ms = Math.floor(firstMs + share * (lastMs - firstMs));
      const periods = periodsBetween(firstMs, lastMs);
      const index = periods.indexOf(ms);
      expect(periods.count).toBeLessThanOrEqual(92);
      expect(index).toBeGreaterThanOrEqual(0);
      expect(index).toBeLessThan(periods.count);
      expect(periods.startMs(index)).toBeLessThanOrEqual(ms);
      const endMs = index + 1 < periods.count ? periods.startMs(index + 1) : Number.POSITIVE_INFINITY;
      expect(endMs).toBeGreaterThan(ms);
    }),
  );
});
