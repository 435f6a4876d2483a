import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { CarbonOpsError, type ErrorCode, errorCatalogue, messageOf, systemErrorCode } from "../src/errors.ts";

test.each<readonly [ErrorCode, number, string]>([
  ["USAGE", 2, "bad usage"],
  ["CONFIG_INVALID", 2, "bad usage"],
  ["BUDGET_EXCEEDED", 3, "a budget for CI"],
  ["COMMAND_NOT_FOUND", 127, "a shell's status for a command that does not exist"],
  ["COMMAND_NOT_STARTED", 126, "a shell's status for a command that cannot be executed"],
  ["LEDGER_INVALID", 1, "an altered ledger"],
  ["LEDGER_UNSIGNED", 4, "a chain that holds, but whose author is unknown"],
  ["INTERNAL", 70, "EX_SOFTWARE of sysexits.h"],
])("%s ends the program with %i: %s", (code, exitCode) => {
  expect(new CarbonOpsError(code, "It failed.").exitCode).toBe(exitCode);
});

test("no error ends the program as if all were well, or as if a signal had ended it", () => {
  for (const { exitCode } of Object.values(errorCatalogue)) {
    expect(exitCode).toBeGreaterThanOrEqual(1);
    expect(exitCode).toBeLessThan(128);
  }
});

test("an error is an Error with a code, a sentence and its cause", () => {
  const cause = new Error("EIO");
  const error = new CarbonOpsError("ENERGY_READ_FAILED", "The counter cannot be read.", { cause });
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toBe("CarbonOpsError: The counter cannot be read.");
  expect(error).toMatchObject({ code: "ENERGY_READ_FAILED", cause });
});

test("the code of a system error is known", () => {
  const failure = (): unknown => {
    try {
      return statSync("/no/such/file");
    } catch (error) {
      return error;
    }
  };
  expect(systemErrorCode(failure())).toBe("ENOENT");
});

test.each([
  ["an error without a code", new Error("x")],
  ["a code that is no text", Object.assign(new Error("x"), { code: 5 })],
  ["no error", "ENOENT"],
])("%s has no system error code", (_what, thrown) => {
  expect(systemErrorCode(thrown)).toBeUndefined();
});

test("whatever was thrown has words", () => {
  expect(messageOf(new Error("the disk is full"))).toBe("the disk is full");
  expect(messageOf("plain text")).toBe("plain text");
  expect(messageOf(undefined)).toBe("undefined");
});
