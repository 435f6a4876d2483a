import { writeFileSync } from "node:fs";

/**
 * A vitest reporter that counts. Run by itself, vitest's output ends with `N passed, N failed, N skipped` on a line of its
 * own; scripts/test.mjs names a file in CARBON_OPS_TEST_COUNTS and gets the counts there instead, to add its checks.
 * A file that cannot be imported, a hook that throws and an error outside any test each count as failed.
 */
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") counts.passed += 1;
        else if (state === "failed") counts.failed += 1;
        else counts.skipped += 1;
      }
    }
    const file = process.env["CARBON_OPS_TEST_COUNTS"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
    else process.once("exit", () => process.stdout.write(`\n${closingLine(counts)}\n`));
  }
}

export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
