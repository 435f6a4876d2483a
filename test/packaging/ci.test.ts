import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { z } from "zod";
import { countedCommands } from "../support/counted-commands.ts";
import { carbonOps } from "../support/program.ts";

const path = fileURLToPath(new URL("../../packaging/ci/github-actions-energy.yml", import.meta.url));
const text = readFileSync(path, "utf8");

const workflow = z.object({
  name: z.string(),
  on: z.object({ pull_request: z.null() }),
  permissions: z.object({ contents: z.literal("read") }),
  jobs: z.record(
    z.string(),
    z.looseObject({
      "runs-on": z.string(),
      steps: z.array(
        z.looseObject({ name: z.string().optional(), uses: z.string().optional(), run: z.string().optional() }),
      ),
    }),
  ),
});

function parsed(): z.infer<typeof workflow> {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw document.errors[0];
  return workflow.parse(document.toJS());
}

test("the workflow is YAML of the form that GitHub Actions takes: every step either uses or runs something", () => {
  const steps = Object.values(parsed().jobs).flatMap((job) => job.steps);
  expect(steps.length).toBeGreaterThan(3);
  for (const { uses, run } of steps) expect([uses, run].filter((each) => each !== undefined)).toHaveLength(1);
});

test("its comparison runs as it stands, and leaves a summary and figures", async () => {
  const [line = ""] = Object.values(parsed().jobs)
    .flatMap((job) => job.steps)
    .flatMap(({ run }) => (run?.includes("carbon-ops compare") === true ? [run] : []));
  const flags = /compare (.*?) '/s.exec(line)?.[1] ?? "";
  const host = countedCommands();
  const [a, b] = [host.command("a", [2, 2.01, 1.99, 2]), host.command("b", [2, 2.02, 2, 1.99])];
  const summary = join(host.cwd, "summary.md");
  writeFileSync(summary, "");
  const words = flags.split(/\s+/).map((word) => (word === '"$GITHUB_STEP_SUMMARY"' ? summary : word));
  const { status, stderr } = await carbonOps(["compare", "--energy-of", "host", ...words, a, b], host);
  expect(stderr).not.toContain("carbon-ops:");
  expect(status).toBe(0);
  expect(readFileSync(summary, "utf8")).toContain("### Energy and carbon of commands");
  expect(readFileSync(join(host.cwd, "energy.json"), "utf8")).toContain('"announced_rounds"');
});
