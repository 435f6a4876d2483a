import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compositionRoots, exceptions, rooms } from "./layers.mjs";
import { tokensOf } from "./source-tokens.mjs";
import { filesBelow, root } from "./tree.mjs";

/**
 * Holds src/ to scripts/layers.mjs: no import against an arrow, no cycle of files, no package where a room has none, and the
 * process, the console, real clocks and the kernel's folders only in composition roots. Type imports count like others.
 *
 * Usage: node scripts/check-imports.mjs [folder], default src/.
 */

/** @returns {{ fileCount: number, findings: string[] }} */
export function examineImports(folder) {
  const paths = filesBelow(folder).filter((path) => path.endsWith(".ts"));
  if (paths.length === 0)
    return { fileCount: 0, findings: [`no TypeScript file below ${folder}: nothing was checked`] };
  const findings = [];
  const graph = new Map();
  for (const path of paths) {
    const tokens = tokensOf(readFileSync(join(folder, path), "utf8"));
    const imports = importsOf(tokens);
    const own = imports.filter(({ specifier }) => specifier.startsWith("."));
    graph.set(
      path,
      own.map(({ specifier }) => posix.join(posix.dirname(path), specifier)),
    );
    findings.push(...againstTheLayers(path, imports));
    if (!(path in compositionRoots) && !(path in exceptions)) findings.push(...worldTouchedBy(path, tokens, imports));
  }
  findings.push(...cyclesOf(graph).map((cycle) => `a cycle: ${cycle.join(" -> ")}`));
  return { fileCount: paths.length, findings };
}

/** What a file imports: `import … from "x"`, `import "x"`, `export … from "x"` and `import("x")`, in code and in types. */
function importsOf(tokens) {
  const found = [];
  tokens.forEach((token, index) => {
    if (token.kind !== "text" && token.kind !== "template") return;
    const before = tokens[index - 1];
    const isClause = before?.kind === "word" && (before.value === "from" || before.value === "import");
    const isCall = before?.value === "(" && tokens[index - 2]?.value === "import";
    if (isClause || isCall) found.push({ specifier: token.value, line: token.line });
  });
  return found;
}

function againstTheLayers(path, imports) {
  const room = roomOf(path);
  if (room === null) return [`${path} is in no room of scripts/layers.mjs: name its room and what it may import`];
  const findings = [];
  for (const { specifier, line } of imports) {
    const problem = specifier.startsWith(".")
      ? ownImportProblem(path, room, specifier)
      : packageImportProblem(room, specifier);
    if (problem !== null) findings.push(`${path}:${line} ${problem}`);
  }
  return findings;
}

function ownImportProblem(path, room, specifier) {
  const target = posix.join(posix.dirname(path), specifier);
  if (target.startsWith("../")) return `imports ${specifier}, which lies outside the tree`;
  const targetRoom = roomOf(target);
  if (targetRoom === room || mayImport(room, target)) return null;
  return `imports ${target}: ${room} must not import ${targetRoom ?? "a file that is in no room"}`;
}

function mayImport(room, target) {
  const { imports } = rooms[room];
  if (imports === "every room") return true;
  if (imports === "every room but cli") return roomOf(target) !== "cli";
  return imports.some((allowed) => isWithin(target, allowed));
}

function packageImportProblem(room, specifier) {
  if (specifier.startsWith("node:")) return null;
  if (builtinModules.includes(specifier)) return `imports ${specifier} without "node:"`;
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  return rooms[room].packages.includes(name) ? null : `imports ${specifier}: ${room} must not use the package ${name}`;
}

function roomOf(path) {
  const holding = Object.keys(rooms).filter((room) => isWithin(path, room));
  return holding.sort((left, right) => right.length - left.length)[0] ?? null;
}

function isWithin(path, room) {
  return path === `${room}.ts` || path.startsWith(`${room}/`);
}

const worldlyModules = new Set(["node:process", "node:console", "node:perf_hooks"]);
const worldlyNames = new Set(["process", "console", "performance"]);
const kernelFolder = /^\/(proc|sys|dev)(\/|$)/;

function worldTouchedBy(path, tokens, imports) {
  const findings = [];
  for (const { specifier, line } of imports) {
    if (worldlyModules.has(specifier)) findings.push(`${path}:${line} imports ${specifier}`);
  }
  tokens.forEach((token, index) => {
    if (token.kind === "word" && worldlyNames.has(token.value) && isReference(tokens, index)) {
      findings.push(`${path}:${token.line} names \`${token.value}\``);
    }
    if (readsRealClock(tokens, index)) findings.push(`${path}:${token.line} reads the real clock`);
    if ((token.kind === "text" || token.kind === "template") && kernelFolder.test(token.value)) {
      findings.push(`${path}:${token.line} names "${token.value}"`);
    }
  });
  return findings.map(
    (finding) => `${finding}: only a composition root may; take it as a parameter (or name yours otherwise)`,
  );
}

/** Whether a word refers to the global of that name: not as somebody's member, and not as a member's name. */
function isReference(tokens, index) {
  const [before, after] = [tokens[index - 1], tokens[index + 1]];
  if (before?.value === "." && before.kind === "mark") return tokens[index - 2]?.value === "globalThis";
  const namesMember = after?.value === ":" || (after?.value === "?" && tokens[index + 2]?.value === ":");
  return !namesMember;
}

/** `Date.now(…)`, `new Date()` and `Date()`; `new Date(instant)` only converts. */
function readsRealClock(tokens, index) {
  if (tokens[index].kind !== "word" || tokens[index].value !== "Date") return false;
  const [first, second] = [tokens[index + 1]?.value, tokens[index + 2]?.value];
  return (first === "." && second === "now") || (first === "(" && second === ")");
}

/** Each cycle once, as the files along it with the first repeated at the end. */
function cyclesOf(graph) {
  const cycles = [];
  const done = new Set();
  const visit = (node, trail) => {
    const start = trail.indexOf(node);
    if (start !== -1) cycles.push([...trail.slice(start), node]);
    if (start !== -1 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return cycles;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { fileCount, findings } = examineImports(resolve(process.argv[2] ?? join(root, "src")));
  for (const finding of findings) console.log(finding);
  console.log(`${fileCount} files, ${findings.length} findings`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
