import { join } from "node:path";
import { expect, test } from "vitest";
import { type Ended, plantTree, repository, runNode } from "./planted-tree.ts";

function checkImports(files: Readonly<Record<string, string>>): Promise<Ended> {
  return runNode(repository, [join(repository, "scripts/check-imports.mjs"), plantTree(files)]);
}

test("a tree that follows the arrows passes", async () => {
  const { status, output } = await checkImports({
    "errors.ts": "export const code = 1;\n",
    "energy/source.ts": 'import { code } from "../errors.ts";\nexport const source = code;\n',
    "attribution/share.ts": 'import type { source } from "../energy/source.ts";\nexport type Share = typeof source;\n',
  });
  expect(output).toBe("3 files, 0 findings\n");
  expect(status).toBe(0);
});

test.each([
  ["a plain import", 'import { run } from "../cli/program.ts";\nrun();\n'],
  ["a type import", 'import type { run } from "../cli/program.ts";\nexport type Run = typeof run;\n'],
  ["a re-export", 'export { run } from "../cli/program.ts";\n'],
  ["a bare import", 'import "../cli/program.ts";\n'],
  ["a dynamic import", 'export const later = () => import("../cli/program.ts");\n'],
  ["an import in a type", 'export type Run = typeof import("../cli/program.ts").run;\n'],
  [
    "an import over several lines, after a comment",
    'import {\n  // the "program"\n  run,\n} from /* above */ "../cli/program.ts";\nrun();\n',
  ],
])("%s of something above is reported", async (_form, content) => {
  const { status, output } = await checkImports({
    "cli/program.ts": "export const run = (): void => undefined;\n",
    "energy/source.ts": content,
  });
  expect(output).toMatch(/^energy\/source\.ts:\d imports cli\/program\.ts: energy must not import cli$/m);
  expect(status).toBe(1);
});

test("what a comment, a text or a regular expression says is no import", async () => {
  const { output } = await checkImports({
    "energy/source.ts": [
      '// import { run } from "../cli/program.ts";',
      '/* export * from "../cli/program.ts"; */',
      "export const text = 'import \"../cli/program.ts\"';",
      `export const template = \`\${text} import "../cli/program.ts"\`;`,
      'export const pattern = /import "..\\/cli\\/program.ts"/;',
    ].join("\n"),
  });
  expect(output).toBe("1 files, 0 findings\n");
});

test("a record may use the ledger's canonical form and nothing else of the ledger", async () => {
  const { output } = await checkImports({
    "ledger/canonical-json.ts": "export const write = 1;\n",
    "ledger/ledger.ts": "export const append = 1;\n",
    "record/mapping.ts": [
      'export { write } from "../ledger/canonical-json.ts";',
      'export { append } from "../ledger/ledger.ts";',
    ].join("\n"),
  });
  expect(output).toMatch(/^record\/mapping\.ts:2 imports ledger\/ledger\.ts: record must not import ledger$/m);
  expect(output).toMatch(/1 findings$/m);
});

test("a cycle inside a room is reported with the files along it", async () => {
  const { status, output } = await checkImports({
    "host/a.ts": 'export { b } from "./b.ts";\n',
    "host/b.ts": 'export { c as b } from "./c.ts";\n',
    "host/c.ts": 'export { b as c } from "./a.ts";\n',
  });
  expect(output).toContain("a cycle: host/a.ts -> host/b.ts -> host/c.ts -> host/a.ts\n");
  expect(status).toBe(1);
});

test.each([
  ["the process", "export const where = process.cwd();\n", "names `process`"],
  ["the process by the global object", "export const where = globalThis.process.cwd();\n", "names `process`"],
  ["the process by its module", 'import { cwd } from "node:process";\ncwd();\n', "imports node:process"],
  ["the console", 'console.log("here");\n', "names `console`"],
  ["the process inside a template", `export const text = \`in \${process.cwd()}\`;\n`, "names `process`"],
  ["the wall clock", "export const now = Date.now();\n", "reads the real clock"],
  ["the wall clock by a new date", "export const now = new Date();\n", "reads the real clock"],
  ["the monotonic clock", "export const now = performance.now();\n", "names `performance`"],
  ["a kernel folder", 'export const path = "/sys/class/powercap";\n', 'names "/sys/class/powercap"'],
])("a leaf that touches %s is reported", async (_what, content, finding) => {
  const { status, output } = await checkImports({ "units.ts": content });
  expect(output).toContain(`units.ts:1 ${finding}`);
  expect(status).toBe(1);
});

test("a composition root may touch the process", async () => {
  const { status } = await checkImports({ "cli/bin.ts": 'console.log(process.cwd(), Date.now(), "/proc");\n' });
  expect(status).toBe(0);
});

test("a member called process, and an instant that is converted, are nobody's world", async () => {
  const { output } = await checkImports({
    "units.ts":
      "export interface Shares {\n  process: number;\n}\nexport const f = (s: Shares) => new Date(s.process);\n",
  });
  expect(output).toBe("1 files, 0 findings\n");
});

test("a package in a room that may have none is reported", async () => {
  const { status, output } = await checkImports({ "ledger/line.ts": 'import { z } from "zod/mini";\nz.any();\n' });
  expect(output).toContain("ledger/line.ts:1 imports zod/mini: ledger must not use the package zod\n");
  expect(status).toBe(1);
});

test("a file in no known room is reported", async () => {
  const { status, output } = await checkImports({ "utils/strings.ts": "export const one = 1;\n" });
  expect(output).toContain("utils/strings.ts is in no room of scripts/layers.mjs");
  expect(status).toBe(1);
});

test("an import that leaves the tree is reported", async () => {
  const { output } = await checkImports({ "units.ts": 'export * from "../elsewhere.ts";\n' });
  expect(output).toContain("units.ts:1 imports ../elsewhere.ts, which lies outside the tree\n");
});

test("a run that looked at no file fails", async () => {
  const { status, output } = await checkImports({ "README.md": "nothing to see\n" });
  expect(output).toContain("nothing was checked");
  expect(status).toBe(1);
});
