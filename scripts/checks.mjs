/**
 * A check is `{ name, examine }`; examine resolves to an outcome: `{ status, output }`, where status is "passed", "failed" or
 * "skipped" and output is what a person needs to see of it (a skipped one says why in a line).
 *
 * @typedef {{ status: "passed" | "failed" | "skipped", output: string }} Outcome
 * @typedef {{ name: string, examine: () => Promise<Outcome> }} Check
 */

export const passed = (output = "") => ({ status: "passed", output });
export const failed = (output) => ({ status: "failed", output });
export const skipped = (output) => ({ status: "skipped", output });

/** The outcome of a program that ended. */
export function outcomeOf({ status, output }) {
  return status === 0 ? passed() : failed(output);
}

const nameWidth = 40;

/** Runs one check and prints its line; what a failed one has to say follows in full. */
export async function runCheck({ name, examine }) {
  const startMs = performance.now();
  process.stdout.write(`${name.padEnd(nameWidth)} `);
  // A check that throws has failed; the others still run.
  const outcome = await examine().catch((error) => failed(error.stack ?? String(error)));
  const seconds = (performance.now() - startMs) / 1000;
  const word = outcome.status === "passed" ? "ok" : outcome.status;
  const note = outcome.status !== "failed" && outcome.output !== "" ? `  ${outcome.output}` : "";
  process.stdout.write(`${word.padEnd(7)} ${seconds.toFixed(1).padStart(5)} s${note}\n`);
  if (outcome.status === "failed") process.stdout.write(`\n${outcome.output.trimEnd()}\n\n`);
  return outcome;
}

/** Runs checks one after the other, whatever their outcome, and counts. */
export async function runChecks(checks) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const check of checks) counts[(await runCheck(check)).status] += 1;
  return counts;
}
