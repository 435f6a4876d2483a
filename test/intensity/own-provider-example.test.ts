import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { directoryOfTest } from "../support/opened-intensity.ts";
import { cleanEnvironment } from "../support/program.ts";

const example = fileURLToPath(new URL("../../examples/own-provider.mjs", import.meta.url));

test("the example of a provider of one's own runs, and its values become the estimate", () => {
  const environment = cleanEnvironment(directoryOfTest());
  const { stdout, stderr } = spawnSync(process.execPath, [example], { env: environment, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout.split("\n")).toEqual([
    "average: our-roof answered",
    "marginal: our-roof not_asked (It gives no marginal intensities.)",
    "marginal: static answered",
    // Half an hour at 340 g/kWh and half an hour at 40 g/kWh.
    "1 kWh from 08:30 to 09:30: 190 g, half at 340 and half at 40 g/kWh",
    "",
  ]);
});
