import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  advanceCounter,
  type CounterRule,
  type CounterState,
  microjoulesOf,
  missReading,
  packageLimits,
  partLimits,
  unreadCounter,
} from "../../src/energy/counter.ts";
import { rawFromMicrojoules, scaleFromRange } from "../../src/energy/powercap-unit.ts";

const modulus = 2n ** 32n;
/** Most Intel processors: 61 µJ a count, 262 kJ to a wrap. */
const rule: CounterRule = { unitNanojoules: 61_035n, modulus, limits: packageLimits };

interface Sample {
  readonly seconds: number;
  readonly raw: bigint;
}

function stateAfter(samples: readonly Sample[], used: CounterRule = rule): CounterState {
  return samples.reduce(
    (state, { seconds, raw }) => advanceCounter(state, used, raw, BigInt(Math.round(seconds * 1e9))),
    unreadCounter,
  );
}

function countsOfJoules(joules: number): bigint {
  return BigInt(Math.floor((joules * 1e9) / 61_035));
}

test("the first reading is a baseline, not consumption", () => {
  expect(stateAfter([{ seconds: 0, raw: 4_000_000_000n }])).toMatchObject({ counts: 0n, wraps: 0, gaps: 0 });
});

test("a wrap loses not one count", () => {
  const state = stateAfter([
    { seconds: 0, raw: modulus - 10n },
    { seconds: 1, raw: 5n },
  ]);
  expect(state).toMatchObject({ counts: 15n, wraps: 1, gaps: 0 });
});

test("a wrap that lands on the same distance from zero as before still counts one modulus less the difference", () => {
  const small: CounterRule = { ...rule, unitNanojoules: 1n };
  const state = stateAfter(
    [
      { seconds: 0, raw: 7n },
      { seconds: 0.001, raw: 6n },
    ],
    small,
  );
  expect(state).toMatchObject({ counts: modulus - 1n, wraps: 1 });
});

test("a reset to zero is a gap and no wrap: it adds nothing, and counting goes on from there", () => {
  const state = stateAfter([
    { seconds: 0, raw: 1_000_000n },
    { seconds: 1, raw: 3n },
    { seconds: 2, raw: 13n },
  ]);
  expect(state).toMatchObject({ counts: 10n, wraps: 0, gaps: 1 });
});

test("a leap that no package could have drawn is a gap", () => {
  const state = stateAfter([
    { seconds: 0, raw: 0n },
    { seconds: 1, raw: countsOfJoules(10_000) },
  ]);
  expect(state).toMatchObject({ counts: 0n, gaps: 1 });
});

test("the same leap is consumption when a minute passed", () => {
  const state = stateAfter([
    { seconds: 0, raw: 0n },
    { seconds: 60, raw: countsOfJoules(10_000) },
  ]);
  expect(state).toMatchObject({ counts: countsOfJoules(10_000), gaps: 0 });
});

test("after so long that the counter may have gone round unseen, the step is undetermined: a gap", () => {
  const state = stateAfter([
    { seconds: 0, raw: 0n },
    { seconds: 600, raw: countsOfJoules(10_000) },
  ]);
  expect(state).toMatchObject({ counts: 0n, gaps: 1 });
});

test("without a known modulus a decrease is a gap, never a guessed wrap", () => {
  const open: CounterRule = { unitNanojoules: 1000n, modulus: null, limits: packageLimits };
  const state = stateAfter(
    [
      { seconds: 0, raw: 5_000_000n },
      { seconds: 1, raw: 1_000n },
      { seconds: 2, raw: 2_000n },
    ],
    open,
  );
  expect(state).toMatchObject({ counts: 1_000n, wraps: 0, gaps: 1 });
});

test("a value that the counter cannot show is no reading", () => {
  const state = stateAfter([
    { seconds: 0, raw: 10n },
    { seconds: 1, raw: modulus },
    { seconds: 2, raw: 30n },
  ]);
  expect(state).toMatchObject({ counts: 20n, gaps: 1 });
});

test("energy used while readings failed is in the next good one; the failures stay visible", () => {
  const before = stateAfter([{ seconds: 0, raw: 100n }]);
  const state = advanceCounter(missReading(missReading(before)), rule, 400n, 3_000_000_000n);
  expect(state).toMatchObject({ counts: 300n, gaps: 2 });
});

test("a package whose counter stands still for seconds is a gap, once, until it moves again", () => {
  const still = [0, 1, 2, 3, 4, 5].map((seconds) => ({ seconds, raw: 50n }));
  expect(stateAfter(still)).toMatchObject({ counts: 0n, gaps: 1, isFrozen: true });
  expect(stateAfter([...still, { seconds: 6, raw: 60n }])).toMatchObject({ counts: 10n, gaps: 1, isFrozen: false });
});

test("memory may stand still: it can be idle", () => {
  const still = [0, 10].map((seconds) => ({ seconds, raw: 50n }));
  expect(stateAfter(still, { ...rule, limits: partLimits })).toMatchObject({ counts: 0n, gaps: 0 });
});

test("a counter that moves once a second is no gap at ten readings a second", () => {
  const samples = Array.from({ length: 50 }, (_, index) => ({
    seconds: index / 10,
    raw: countsOfJoules(200) * BigInt(Math.floor(index / 10)),
  }));
  expect(stateAfter(samples)).toMatchObject({ counts: countsOfJoules(200) * 4n, gaps: 0 });
});

test("microjoules are cut only when shown: ten thousand tiny steps lose less than one microjoule", () => {
  let state = stateAfter([{ seconds: 0, raw: 0n }]);
  for (let count = 1n; count <= 10_000n; count += 1n) state = advanceCounter(state, rule, count, count * 1_000_000n);
  expect(microjoulesOf(state, rule)).toBe((10_000n * 61_035n) / 1000n);
});

/** Units of real drivers in nanojoules: AMD and old Intel, most Intel, Intel server memory, Silvermont, and the finest seen. */
const driverUnits = [15_258n, 61_035n, 15_300n, 32_000n, 953n];

/** Up to 1.9 kW for up to 2 s: always less than the range of the smallest counter, 4.1 kJ. */
const step = fc.record({ watts: fc.integer({ min: 0, max: 1900 }), milliseconds: fc.integer({ min: 1, max: 2000 }) });

test("over any trace with wraps, the total of what powercap shows is the truth: exactly, or to one count where a count is less than a microjoule", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...driverUnits),
      fc.bigInt({ min: 0n, max: modulus - 1n }),
      fc.array(step, { minLength: 1, maxLength: 200 }),
      (unit, start, steps) => {
        const used: CounterRule = { ...scaleFromRange(((modulus - 1n) * unit) / 1000n), limits: partLimits };
        let trueCount = start;
        let nowNs = 0n;
        const read = (state: CounterState): CounterState => {
          const shownMicrojoules = ((trueCount % modulus) * unit) / 1000n;
          return advanceCounter(state, used, rawFromMicrojoules(shownMicrojoules, used.unitNanojoules), nowNs);
        };
        let state = read(unreadCounter);
        for (const { watts, milliseconds } of steps) {
          trueCount += (BigInt(watts) * BigInt(milliseconds) * 1_000_000n) / unit;
          nowNs += BigInt(milliseconds) * 1_000_000n;
          state = read(state);
        }
        const error = state.counts - (trueCount - start);
        const tolerance = unit >= 1000n ? 0n : 1n;
        expect(error >= -tolerance && error <= tolerance).toBe(true);
        expect(state.gaps).toBe(0);
        expect(BigInt(state.wraps)).toBe(trueCount / modulus - start / modulus);
      },
    ),
  );
});

test("totals never decrease, whatever the counter shows", () => {
  const reading = fc.record({
    raw: fc.bigInt({ min: -5n, max: modulus + 5n }),
    nanoseconds: fc.bigInt({ min: 0n, max: 10n ** 11n }),
  });
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 50 }), (readings) => {
      let state = unreadCounter;
      let nowNs = 0n;
      for (const { raw, nanoseconds } of readings) {
        nowNs += nanoseconds;
        const next = advanceCounter(state, rule, raw, nowNs);
        expect(next.counts >= state.counts).toBe(true);
        expect(next.gaps >= state.gaps).toBe(true);
        state = next;
      }
    }),
  );
});
