import { expect, test } from "vitest";
import { roundOrder } from "../../src/comparison/round-order.ts";
import { interleavedRounds } from "../../src/comparison/rounds.ts";
import { CarbonOpsError } from "../../src/errors.ts";
import { exampleRun } from "./example-runs.ts";

const three = { commandCount: 3, firstRound: 1, roundCount: 4, seed: 7, isInterrupted: () => false };

test("every round runs every command once, and gives the runs by command", async () => {
  const done: string[] = [];
  const { rounds, failure, isInterrupted } = await interleavedRounds({
    ...three,
    run: async (command, round) => {
      done.push(`${round}:${command}`);
      return exampleRun({ command, round }, 1);
    },
  });
  expect(new Set(done).size).toBe(12);
  expect(rounds.map((runs) => runs.map(({ command }) => command))).toEqual(new Array(4).fill([0, 1, 2]));
  expect({ failure, isInterrupted }).toEqual({ failure: null, isInterrupted: false });
});

test("every order is about equally frequent, and the seed decides", () => {
  const counts = new Map<string, number>();
  for (let round = 1; round <= 6000; round += 1) {
    const order = roundOrder(1, round, 3).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  const orders = (seed: number): string =>
    [1, 2, 3, 4, 5, 6].map((round) => roundOrder(seed, round, 8).join("")).join();
  expect(orders(1)).toBe(orders(1));
  expect(orders(1)).not.toBe(orders(2));
});

test("a failure ends it, and complete rounds are kept", async () => {
  const { rounds, failure } = await interleavedRounds({
    ...three,
    run: async (command, round) => {
      if (round === 3 && command === 1) throw new CarbonOpsError("COMMAND_FAILED", "It failed.");
      return exampleRun({ command, round }, 1);
    },
  });
  expect(rounds).toHaveLength(2);
  expect(failure?.message).toBe("It failed.");
});

test("a command that fails is named, though one before it in the round was too short", async () => {
  const tried: number[] = [];
  const codes = ["COMMAND_FAILED", "COMPARISON_UNRESOLVED", "COMPARISON_UNRESOLVED"] as const;
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const { rounds, failure } = await interleavedRounds({
      ...three,
      seed,
      run: async (command) => {
        tried.push(command);
        throw new CarbonOpsError(codes[command] ?? "USAGE", `${command} has ended it.`);
      },
    });
    expect(rounds).toEqual([]);
    expect(failure?.message).toBe("0 has ended it.");
  }
  expect(tried.length).toBeGreaterThan(6);
});

test("where commands are too short and none fails, the first of them is named", async () => {
  const { failure } = await interleavedRounds({
    ...three,
    run: async (command, round) => {
      if (command === 0) return exampleRun({ command, round }, 1);
      throw new CarbonOpsError("COMPARISON_UNRESOLVED", "It is too short.");
    },
  });
  expect(failure?.message).toBe("It is too short.");
});

test("a defect is no failure of a command", async () => {
  const run = async (): Promise<never> => {
    throw new TypeError("a defect");
  };
  await expect(interleavedRounds({ ...three, run })).rejects.toThrow("a defect");
});

test("an interruption, in a run or between two, ends it, and complete rounds are kept", async () => {
  const inside = await interleavedRounds({
    ...three,
    run: async (command, round) => (round === 2 ? null : exampleRun({ command, round }, 1)),
  });
  let runs = 0;
  const between = await interleavedRounds({
    ...three,
    isInterrupted: () => runs >= 7,
    run: async (command, round) => {
      runs += 1;
      return exampleRun({ command, round }, 1);
    },
  });
  expect([inside.rounds.length, inside.isInterrupted]).toEqual([1, true]);
  expect([between.rounds.length, between.isInterrupted]).toEqual([2, true]);
});
