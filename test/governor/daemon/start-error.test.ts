import { expect, test } from "vitest";
import { errorCatalogue } from "../../../src/errors.ts";
import { startErrorExitCodes } from "../../../src/governor/daemon/start-error.ts";

test.each(Object.entries(startErrorExitCodes))(
  "%s ends the daemon with %i, as the catalogue says",
  (code, exitCode) => {
    expect(new Map<string, { readonly exitCode: number }>(Object.entries(errorCatalogue)).get(code)).toMatchObject({
      exitCode,
    });
  },
);
