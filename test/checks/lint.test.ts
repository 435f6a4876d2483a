import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Ended, plantTree, repository, runNode } from "./planted-tree.ts";

/** The linters look away without a word when their settings are wrong: planted defects show that they look. */
function lint(
  program: string,
  programArguments: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<Ended> {
  const folder = plantTree(files);
  for (const path of ["biome.json", ".oxlintrc.json", "tsconfig.json"])
    cpSync(join(repository, path), join(folder, path));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  return runNode(folder, [join(repository, "node_modules", program), ...programArguments]);
}

test("a promise that nobody awaits is reported", async () => {
  const { status, output } = await lint("oxlint/bin/oxlint", ["--type-aware"], {
    "src/planted.ts": "const later = async (): Promise<number> => 1;\nlater();\nexport {};\n",
  });
  expect(output).toContain("no-floating-promises");
  expect(status).toBe(1);
});

test("a case that a switch forgot is reported", async () => {
  const { status, output } = await lint("oxlint/bin/oxlint", ["--type-aware"], {
    "src/planted.ts": 'export function f(x: "a" | "b"): void {\n  switch (x) {\n    case "a":\n      break;\n  }\n}\n',
  });
  expect(output).toContain("switch-exhaustiveness-check");
  expect(status).toBe(1);
});

test("a cycle of imports and a value of type any are reported", async () => {
  const { status, output } = await lint("@biomejs/biome/bin/biome", ["check", "."], {
    "src/a.ts": 'import { b } from "./b.ts";\n\nexport const a = (): unknown => b;\n',
    "src/b.ts": 'import { a } from "./a.ts";\n\nexport const b = (): any => a;\n',
  });
  expect(output).toContain("noImportCycles");
  expect(output).toContain("noExplicitAny");
  expect(status).toBe(1);
});
