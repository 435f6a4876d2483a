import { join } from "node:path";
import { expect, test } from "vitest";
import { recordsOf } from "../ledger/ledger-folder.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";
import { registerUrl } from "./watched-service.ts";

/** An application with one task of 0.3 s. */
const application = `
import { logger } from ${JSON.stringify(registerUrl)};
const task = logger.start("work", { enter: false });
task.run(() => { const end = performance.now() + 300; while (performance.now() < end); });
task.end();
`;

const command = [process.execPath, "--import", registerUrl, "--input-type=module", "--eval", application];

/** The command under `carbon-ops run`, with the application's records in a ledger of its choice. */
async function recorded(directory: string, ledgerOfRun: string, ledgerOfTasks: string): Promise<void> {
  const environment = {
    CARBON_OPS_LEDGER: join(directory, ledgerOfTasks),
    CARBON_OPS_ENERGY_SOURCE: "model",
    CARBON_OPS_REGION: "FR",
    CARBON_OPS_INTENSITY_PROVIDERS: "static",
    CARBON_OPS_LEDGER_KEY: join(directory, "key"),
  };
  const argv = ["run", "--quiet", "--ledger", join(directory, ledgerOfRun), "--name", "app", "--", ...command];
  const { status, stderr } = await carbonOps(argv, { environment });
  if (status !== 0) throw new Error(stderr);
}

async function totalsOf(path: string, ...flags: readonly string[]) {
  const { stdout } = await carbonOps(["ledger", "stats", path, "--json", ...flags]);
  return JSON.parse(stdout.toString());
}

test("a command and the tasks of its application are counted once, where one ledger has both", async () => {
  const directory = temporaryDirectory();
  await recorded(directory, "a.ndjson", "a.ndjson");
  const path = join(directory, "a.ndjson");
  const records = recordsOf(path).slice(1);
  const [run] = records.filter(({ type }) => type === "run");
  const parts = records.filter(({ type }) => type === "span");
  expect(parts.map(({ name }) => name)).toContain("work");
  expect(new Set(parts.map(({ part_of: whole }) => whole))).toEqual(new Set([run?.["record_id"]]));
  expect(await totalsOf(path)).toMatchObject({
    total: { record_count: 1, energy_wh: run?.["energy_wh"] },
    part_count: parts.length,
  });
  const report = await carbonOps(["report", path, "--json"]);
  expect(JSON.parse(report.stdout.toString())).toMatchObject({
    total: { record_count: 1, energy_wh: run?.["energy_wh"] },
    left_out: { part_count: parts.length },
  });
});

test("tasks count themselves where the command's record is in another ledger", async () => {
  const directory = temporaryDirectory();
  await recorded(directory, "run.ndjson", "tasks.ndjson");
  const path = join(directory, "tasks.ndjson");
  const parts = recordsOf(path).slice(1);
  expect(await totalsOf(path)).toMatchObject({
    total: { record_count: parts.length, calls: { started: 1, record_count: 1 } },
    part_count: 0,
  });
  expect(await totalsOf(join(directory, "run.ndjson"))).toMatchObject({ total: { record_count: 1 }, part_count: 0 });
});
