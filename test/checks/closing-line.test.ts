import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plantRepository, repository, runNode } from "./planted-tree.ts";

const settings = {
  "vitest.config.ts":
    'export default { test: { include: ["test/**/*.test.ts"], reporters: ["./scripts/count-reporter.mjs"] } };\n',
  "src/index.ts": "export const one = 1;\n",
};
const passing = 'import { expect, test } from "vitest";\ntest("one", () => expect(1).toBe(1));\n';
const failing = 'import { expect, test } from "vitest";\ntest("two", () => expect(1).toBe(2));\n';
const withSkipped = 'import { test } from "vitest";\ntest.todo("later");\n';
const notImportable = 'import "./missing.ts";\n';
const hookThrows =
  'import { beforeAll, describe, test } from "vitest";\ndescribe("d", () => {\n  beforeAll(() => { throw new Error("no"); });\n  test("never", () => undefined);\n});\n';

function lastLine(output: string): string | undefined {
  return output.trimEnd().split("\n").at(-1);
}

test("vitest by itself ends with its counts, where files that cannot be imported and hooks that throw are failures", async () => {
  const folder = plantRepository({
    ...settings,
    "test/a.test.ts": passing,
    "test/b.test.ts": failing,
    "test/c.test.ts": withSkipped,
    "test/d.test.ts": notImportable,
    "test/e.test.ts": hookThrows,
  });
  const { status, output } = await runNode(folder, [join(repository, "node_modules/vitest/vitest.mjs"), "run"]);
  expect(lastLine(output)).toBe("1 passed, 3 failed, 2 skipped");
  expect(status).toBe(1);
});

test("npm test with a path runs these tests only, and ends with one closing line", async () => {
  const folder = plantRepository({ ...settings, "test/a.test.ts": passing, "test/b.test.ts": failing });
  const { status, output } = await runNode(folder, ["scripts/test.mjs", "test/a.test.ts"]);
  expect(output.match(/\d+ passed, \d+ failed, \d+ skipped/g)).toEqual(["1 passed, 0 failed, 0 skipped"]);
  expect(status).toBe(0);
});

test("npm test fails when no test ran", async () => {
  const folder = plantRepository({ ...settings, "test/a.test.ts": passing });
  const { status, output } = await runNode(folder, ["scripts/test.mjs", "test/nowhere"]);
  expect(lastLine(output)).toBe("0 passed, 1 failed, 0 skipped");
  expect(status).toBe(1);
});

test("npm test says what does not compile, and still closes with its line", async () => {
  const folder = plantRepository({ ...settings, "test/a.test.ts": passing });
  writeFileSync(join(folder, "src/index.ts"), "export const one: string = 1;\n");
  const { status, output } = await runNode(folder, ["scripts/test.mjs", "test/a.test.ts"]);
  expect(output).toContain("src/index.ts");
  expect(output).toContain("1 passed, 1 failed, 0 skipped");
  expect(status).toBe(1);
});
