import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { failed, outcomeOf, passed, runChecks, skipped } from "./checks.mjs";
import { run, runNpm, runTool, unreachableReason } from "./child.mjs";
import { setUp } from "./set-up.mjs";
import { filesBelow, root } from "./tree.mjs";

/**
 * What a plain install may take, dependencies and optional parts included: zod 5.5 MB, yaml 1.3 MB, commander 0.2 MB, and koffi,
 * which calls NVIDIA's library, 1.8 MB with 2.4 MB for this platform, leave about 2 MB for our own code. `npm install
 * --omit=optional` saves koffi's part. Bytes of file contents; a disk's blocks make it more.
 */
const installedLimitBytes = 14_800_000;

const allowedContents =
  /^package\/(dist\/|schema\/|docs\/|packaging\/|LICENSE$|README\.md$|CHANGELOG\.md$|package\.json$)/;
const requiredContents = ["package/LICENSE", "package/README.md", "package/CHANGELOG.md", "package/package.json"];

/** A consumer as its author would write it; it must compile under strict settings, declarations of ours included. */
const consumer = `import { CarbonEstimator, EnergyLogger } from "carbon-ops";
import { connectGovernor } from "carbon-ops/governor";
import { verifyLedger } from "carbon-ops/ledger";
import * as uncertainty from "carbon-ops/uncertainty";
const logger: EnergyLogger = await EnergyLogger.open();
export const used = [logger, new CarbonEstimator({ region: "GB" }), connectGovernor, verifyLedger, uncertainty] as const;
`;

const consumerSettings = {
  compilerOptions: {
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    typeRoots: [join(root, "node_modules/@types")],
    types: ["node"],
  },
  files: ["consumer.ts"],
};

/** Runs the checks of the package as users will get it; everything happens in a temporary folder. */
export async function withPackageChecks(use) {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-package-"));
  try {
    return await use(packageChecks(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function packageChecks(folder) {
  const project = join(folder, "project");
  const tarball = () => join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "missing.tgz");
  const ifInstalled = (examine) => async () =>
    installedFiles(project).length > 0 ? examine() : skipped("nothing was installed");
  return [
    { name: "package: contents", examine: () => examineContents(folder) },
    {
      name: "package: exports (publint)",
      examine: async () => outcomeOf(await runTool("publint", ["--strict", tarball()])),
    },
    { name: "package: types (attw)", examine: () => examineTypes(tarball()) },
    { name: "package: install", examine: () => examineInstall(project, tarball()) },
    { name: "package: imports", examine: ifInstalled(() => examineImports(project)) },
    { name: "package: command line", examine: ifInstalled(() => examineCommand(project)) },
    { name: "package: a consumer compiles", examine: ifInstalled(() => examineConsumer(project)) },
    { name: "package: installed size", examine: ifInstalled(async () => examineSize(project)) },
  ];
}

async function examineContents(folder) {
  const { status, output } = await runNpm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    outputOf: "stdout",
  });
  if (status !== 0) return failed(`npm pack failed:\n${output}`);
  const [{ files, size }] = JSON.parse(output);
  const paths = files.map(({ path }) => `package/${path}`);
  const problems = [
    ...paths.filter((path) => !allowedContents.test(path)).map((path) => `${path} does not belong into the package`),
    ...[...requiredContents, ...targetsOf(exportsOfManifest())]
      .filter((path) => !paths.includes(path))
      .map((path) => `${path} is missing in the package`),
  ];
  if (problems.length > 0) return failed(problems.join("\n"));
  return passed(`${paths.length} files, ${Math.ceil(size / 1000)} kB packed`);
}

function exportsOfManifest() {
  const { exports, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return { exports, bin };
}

/** Every file that the manifest points to. */
function targetsOf(value) {
  if (typeof value === "string") return [`package/${value.replace(/^\.\//, "")}`];
  return Object.values(value).flatMap(targetsOf);
}

async function examineTypes(tarball) {
  return outcomeOf(
    await runTool("@arethetypeswrong/cli", [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"]),
  );
}

async function examineInstall(project, tarball) {
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  const { status, output } = await runNpm(
    ["install", tarball, "--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"],
    { cwd: project },
  );
  if (status === 0) return passed();
  const unreachable = unreachableReason(output);
  return unreachable === null ? failed(output) : skipped(unreachable);
}

function installedFiles(project) {
  return filesBelow(join(project, "node_modules"));
}

async function examineImports(project) {
  const { exports } = exportsOfManifest();
  const entries = Object.keys(exports)
    .filter((key) => !key.endsWith(".json"))
    .map((key) => `carbon-ops${key.slice(1)}`);
  // A library entry that keeps the process open or prints something is a defect too: see what comes out, and that it ends.
  const script = `for (const entry of ${JSON.stringify(entries)}) {
    if (Object.keys(await import(entry)).length === 0) throw new Error(entry + " exports nothing");
  }`;
  const { status, output } = await run(process.execPath, ["--input-type=module", "--eval", script], { cwd: project });
  return status === 0 && output === "" ? passed(entries.join(", ")) : failed(output);
}

async function examineCommand(project) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { status, output } = await runNpm(["exec", "--no", "--", "carbon-ops", "--version"], { cwd: project });
  if (status === 0 && output.trim() === version) return passed(`carbon-ops --version: ${version}`);
  return failed(`carbon-ops --version gave status ${status} and "${output.trim()}" instead of ${version}`);
}

async function examineConsumer(project) {
  writeFileSync(join(project, "consumer.ts"), consumer);
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(consumerSettings));
  return outcomeOf(await runTool("typescript", ["-p", project]));
}

function examineSize(project) {
  const bytesByPackage = new Map();
  for (const path of installedFiles(project)) {
    const name = path.split("/")[0];
    const bytes = statSync(join(project, "node_modules", path)).size;
    if (!name.startsWith(".")) bytesByPackage.set(name, (bytesByPackage.get(name) ?? 0) + bytes);
  }
  const total = [...bytesByPackage.values()].reduce((sum, bytes) => sum + bytes, 0);
  const parts = [...bytesByPackage].map(([name, bytes]) => `${name} ${megabytes(bytes)}`).join(", ");
  const statement = `${megabytes(total)} of at most ${megabytes(installedLimitBytes)} (${parts})`;
  return total <= installedLimitBytes ? passed(statement) : failed(`the installed package takes ${statement}`);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setUp();
  const counts = await withPackageChecks(runChecks);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}
