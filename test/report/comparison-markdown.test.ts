import { expect, test } from "vitest";
import { compareRounds } from "../../src/comparison/comparison.ts";
import type { ComparisonResult } from "../../src/comparison/result.ts";
import { comparisonMarkdown } from "../../src/report/comparison-markdown.ts";
import { comparisonPage } from "../../src/report/terminal/comparison.ts";
import { textStyle } from "../../src/report/terminal/style.ts";
import { exampleRun } from "../comparison/example-runs.ts";

function resultOf(commands: readonly string[]): ComparisonResult {
  const rounds = [0.001, 0.00102, 0.00099, 0.00101].map((energyWh, index) =>
    commands.map((_, command) => exampleRun({ command, round: index + 1 }, energyWh * (1 + command / 2 + index / 500))),
  );
  return {
    comparison: compareRounds({
      commands,
      rounds,
      level: 0.95,
      power: 0.9,
      isAllPairs: false,
      plannedDifferences: [0.05],
    }),
    carbon: commands.map(() => null),
    basis: "Joules are counted (example).",
    notes: ["A note."],
    wantedRounds: 6,
    cutShort: "interrupted",
    detect: null,
    gate: [],
    seed: 1,
  };
}

test("what a command line holds cannot break out of its cell, its code or its line", () => {
  const markdown = comparisonMarkdown(resultOf(["a | b `c` ``d``\n# heading", "plain"]));
  const [line] = markdown.split("\n").filter((each) => each.startsWith("| A |"));
  expect(line).toContain("| ``` a \\| b `c` ``d``\ufffd# heading ``` |");
  expect(markdown).not.toMatch(/^# heading/m);
});

test("Markdown and page both say that it was cut short", () => {
  const result = resultOf(["a", "b"]);
  expect(comparisonMarkdown(result)).toContain("Cut short: interrupted after 4 of 6 rounds");
  expect(comparisonPage(result, 80, textStyle(false))).toContain("interrupted after 4 of 6 rounds");
});

test("a command that would steer the terminal is shown without its control characters", () => {
  expect(comparisonPage(resultOf(["a\u001b[2J", "b"]), 80, textStyle(false))).not.toContain("\u001b");
});

test("no line of the page is wider than the terminal", () => {
  const page = comparisonPage(resultOf(["a ".repeat(200), "b"]), 60, textStyle(false));
  expect(Math.max(...page.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
