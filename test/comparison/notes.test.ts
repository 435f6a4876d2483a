import { expect, test } from "vitest";
import { compareRounds } from "../../src/comparison/comparison.ts";
import type { MeasuredRun } from "../../src/comparison/measured-run.ts";
import { type Basis, basisSentence, comparisonNotes } from "../../src/comparison/notes.ts";
import { exampleRun } from "./example-runs.ts";

const counters: Basis = {
  source: { id: "powercap", label: "package-0 through powercap", provenance: "measured" },
  compared: "task",
  idleBaseline: { watts: 12, origin: "calibrated" },
  baselineNote: null,
};

function notesOf(change: (run: MeasuredRun) => MeasuredRun, basis: Partial<Basis> = {}): string {
  const rounds = [1, 2, 3].map((round) =>
    [0, 1].map((command) => change(exampleRun({ command, round }, 1 + 0.01 * round * (command + 1)))),
  );
  const usual = { level: 0.95, power: 0.9, isAllPairs: false, plannedDifferences: [] };
  const comparison = compareRounds({ ...usual, commands: ["a", "b"], rounds });
  return comparisonNotes(comparison, rounds, { ...counters, ...basis }).join("\n");
}

test("what it rests on: counters, counters of the whole host, counters that nobody vouches for, a model of CPU time", () => {
  const sentence = (source: Partial<Basis["source"]>, compared: Basis["compared"] = "task"): string =>
    basisSentence({ ...counters, source: { ...counters.source, ...source }, compared });
  expect(sentence({})).toMatch(/^Joules are counted .* share of the CPU time/);
  expect(sentence({}, "host")).toContain("all that the host took");
  expect(sentence({ provenance: "estimated" })).toContain("nobody vouches for");
  expect(sentence({ id: "model", provenance: "estimated" })).toContain("compares the CPU time of the commands");
});

test("a quiet, calibrated host has the idle power to say, and nothing else", () => {
  expect(notesOf((run) => run)).toBe("Idle power of 12.0 W (calibrated) is removed.");
});

test("unknown idle power, and a doubtful stored one, are said", () => {
  const basis = { idleBaseline: { watts: null, origin: "none" }, baselineNote: "It is doubtful." } as const;
  expect(notesOf((run) => run, basis)).toMatch(/Idle power is not known.*\nIt is doubtful\./);
});

test.each<[string, Partial<MeasuredRun>]>([
  ["Other processes used 50.0 % of the CPU time", { otherCpuSeconds: 2 }],
  ["A run of A takes 200 ms", { durationSeconds: 0.2 }],
  ["Readings failed or made no sense in round 1, 2, 3", { gaps: 1 }],
  ["Processes of the commands were still running", { processesLeftRunning: 1 }],
])("%s", (note, change) => {
  expect(notesOf((run) => ({ ...run, ...change }))).toContain(note);
});
