import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { installed } from "../support/prometheus.ts";
import { prometheusFolder, ruleFiles } from "./shipped-queries.ts";

test.each(
  installed("promtool").flatMap((program) => [
    [program, ["check", "rules", "--lint=all", "--lint-fatal", ...ruleFiles]] as const,
    [program, ["check", "config", "prometheus.yml"]] as const,
    [program, ["test", "rules", "carbon-ops.test.yml"]] as const,
  ]),
)("%s %s is content", (program, argv) => {
  const { status, stdout, stderr } = spawnSync(program, argv, { cwd: prometheusFolder, encoding: "utf8" });
  expect({ status, said: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, said: "" });
});
