import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildError } from "./build.mjs";
import { dependencyChecks } from "./check-dependencies.mjs";
import { examineImports } from "./check-imports.mjs";
import { withPackageChecks } from "./check-package.mjs";
import { failed, outcomeOf, passed, runCheck, runChecks } from "./checks.mjs";
import { runTool } from "./child.mjs";
import { closingLine } from "./count-reporter.mjs";
import { setUp } from "./set-up.mjs";
import { handOverToOwner, root } from "./tree.mjs";

/**
 * `npm test`: sets up what is missing, then runs every check and every test, and ends with one line that sums both up.
 * `npm test -- PATH …` runs these test files only; whatever follows `--` goes to vitest.
 */

/** Captured output goes into logs, where colours of CI-aware tools would be noise. */
const inPlainText = { env: { ...process.env, NO_COLOR: "1" } };

const sourceChecks = [
  { name: "format and lint (biome)", examine: () => runBiome() },
  { name: "lint with types (oxlint)", examine: () => runOxlint() },
  { name: "types (tsc)", examine: async () => outcomeOf(await runTool("typescript", ["-p", "."], inPlainText)) },
  { name: "import direction and cycles", examine: async () => checkImports() },
  { name: "dead code (knip)", examine: async () => outcomeOf(await runTool("knip", ["--no-progress"], inPlainText)) },
];

async function runBiome() {
  return lookedAtFiles(
    /Checked (\d+) files?/,
    await runTool("@biomejs/biome", ["check", "--error-on-warnings", "."], inPlainText),
  );
}

async function runOxlint() {
  return lookedAtFiles(/ on (\d+) files?/, await runTool("oxlint", ["--type-aware", "--deny-warnings"], inPlainText));
}

/** A linter that finds nothing because it looked at nothing ends well all the same. */
function lookedAtFiles(pattern, { status, output }) {
  const fileCount = Number(pattern.exec(output)?.[1] ?? 0);
  if (status !== 0) return failed(output);
  return fileCount > 0 ? passed(`${fileCount} files`) : failed(`It looked at no file:\n${output}`);
}

function checkImports() {
  const { fileCount, findings } = examineImports(join(root, "src"));
  return findings.length === 0 ? passed(`${fileCount} files`) : failed(findings.join("\n"));
}

/** Runs vitest. A run that breaks off, or in which no test ran, counts as one failure. */
async function runVitest(vitestArguments, show) {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-test-"));
  try {
    const countsFile = join(folder, "counts.json");
    const env = { ...process.env, CARBON_OPS_TEST_COUNTS: countsFile };
    const { status, output } = await runTool("vitest", ["run", ...(show ? [] : ["--no-color"]), ...vitestArguments], {
      show,
      env,
    });
    const counts = readCounts(countsFile);
    const ran = counts.passed + counts.failed + counts.skipped > 0;
    if (ran && status === 0 && counts.failed === 0) return { counts, outcome: passed(closingLine(counts)) };
    const why = ran ? "" : "\nNo test ran.\n";
    return { counts: { ...counts, failed: Math.max(1, counts.failed) }, outcome: failed(output + why) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCounts(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { passed: 0, failed: 0, skipped: 0 };
}

async function runAllTests() {
  let counts = { passed: 0, failed: 1, skipped: 0 };
  const examine = async () => {
    const run = await runVitest([], false);
    counts = run.counts;
    return run.outcome;
  };
  await runCheck({ name: "unit, property and end-to-end tests", examine });
  return counts;
}

async function runEverything() {
  return sumOf([
    await runChecks(sourceChecks),
    await runAllTests(),
    await withPackageChecks(runChecks),
    await runChecks(dependencyChecks()),
  ]);
}

function sumOf(allCounts) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const counts of allCounts) for (const state of Object.keys(sum)) sum[state] += counts[state];
  return sum;
}

/** Sources that do not compile still leave everything else to be looked at; a clone that cannot be installed does not. */
async function setUpOrExplain() {
  try {
    await setUp();
    return { counts: { passed: 0, failed: 0, skipped: 0 }, goOn: true };
  } catch (error) {
    console.error(error.message);
    return { counts: { passed: 0, failed: 1, skipped: 0 }, goOn: error instanceof BuildError };
  }
}

const vitestArguments = process.argv.slice(2);
const { counts, goOn } = await setUpOrExplain();
const allCounts = [counts];
if (goOn) {
  allCounts.push(vitestArguments.length > 0 ? (await runVitest(vitestArguments, true)).counts : await runEverything());
  // vitest keeps its cache there.
  handOverToOwner("node_modules");
}
const total = sumOf(allCounts);
if (total.failed > 0) process.exitCode = 1;
console.log(`\n${closingLine(total)}`);
