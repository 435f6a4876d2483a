import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { failed, passed, runChecks, skipped } from "./checks.mjs";
import { runNpm, unreachableReason } from "./child.mjs";
import { root } from "./tree.mjs";

/** Licences that code which our users install may have: short, permissive, and compatible with our MIT. */
const allowedLicences = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD"]);

/** The checks of what the package depends on, for the package in a folder. */
export function dependencyChecks(folder = root) {
  return [
    { name: "dependencies: written policy", examine: async () => examinePolicy(folder) },
    { name: "dependencies: licences", examine: async () => examineLicences(folder) },
    { name: "dependencies: known vulnerabilities", examine: () => examineVulnerabilities(folder) },
  ];
}

/** docs/dependencies.md has a table row for each direct dependency, and for nothing else. */
function examinePolicy(folder) {
  const { dependencies = {}, optionalDependencies = {}, devDependencies = {} } = readJson(folder, "package.json");
  const declared = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
  const rows = readFileSync(join(folder, "docs/dependencies.md"), "utf8").matchAll(/^\| *`([^`]+)`/gm);
  const written = [...rows].map(([, name]) => name);
  const missing = declared.filter((name) => !written.includes(name));
  const surplus = written.filter((name) => !declared.includes(name));
  if (missing.length + surplus.length === 0) return passed(`${declared.length} direct dependencies`);
  return failed(
    [
      ...missing.map(
        (name) => `docs/dependencies.md says nothing about ${name}: what is it for, and under which licence?`,
      ),
      ...surplus.map((name) => `docs/dependencies.md lists ${name}, which package.json does not have`),
    ].join("\n"),
  );
}

/** Every package that a user's install brings along, direct or not. */
function examineLicences(folder) {
  const { packages } = readJson(folder, "package-lock.json");
  const shipped = Object.entries(packages).filter(([path, entry]) => path !== "" && entry.dev !== true);
  const refused = shipped.filter(([, entry]) => !isAllowed(entry.license));
  if (refused.length === 0) return passed(`${shipped.length} packages are installed with ours`);
  return failed(
    refused
      .map(
        ([path, { version, license }]) =>
          `${path} ${version} has the licence ${license ?? "(none)"}, which is not allowed`,
      )
      .join("\n"),
  );
}

/** Of a choice ("MIT OR Apache-2.0") one must be allowed. Anything else than a name or a choice is for a person to read. */
function isAllowed(licence) {
  if (typeof licence !== "string") return false;
  return licence
    .replace(/^\((.*)\)$/, "$1")
    .split(" OR ")
    .some((name) => allowedLicences.has(name));
}

async function examineVulnerabilities(folder) {
  const { output } = await runNpm(["audit", "--omit=dev", "--json", "--fetch-retries=0", "--fetch-timeout=20000"], {
    cwd: folder,
    outputOf: "stdout",
  });
  return vulnerabilityOutcome(output);
}

function vulnerabilityOutcome(output) {
  const report = parsed(output);
  if (report?.metadata?.vulnerabilities !== undefined) {
    const found = Object.values(report.vulnerabilities ?? {});
    if (found.length === 0) return passed("none");
    return failed(
      found.map(({ name, severity, via }) => `${name}: ${severity}: ${via.map(inWords).join("; ")}`).join("\n"),
    );
  }
  const unreachable = unreachableReason(output);
  if (unreachable !== null) return skipped(unreachable);
  // Mirrors and proxies often serve packages only.
  if (report?.statusCode >= 400) return skipped(`this npm registry serves no advisories (HTTP ${report.statusCode})`);
  return failed(`npm audit gave no report:\n${output}`);
}

/** npm names the advisory itself, or the package through which it comes. */
function inWords(via) {
  return typeof via === "string" ? `through ${via}` : `${via.title} (${via.url})`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readJson(folder, path) {
  return JSON.parse(readFileSync(join(folder, path), "utf8"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2];
  const counts = await runChecks(dependencyChecks(folder === undefined ? root : resolve(folder)));
  process.exitCode = counts.failed === 0 ? 0 : 1;
}
