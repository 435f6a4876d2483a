import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { recordJsonSchemas } from "../../src/record/json-schemas.ts";

const directory = new URL("../../schema/", import.meta.url);

test.each([...recordJsonSchemas()])(
  "schema/%s is what the validator says (else: npm run build, node scripts/write-schema.mjs)",
  (fileName, schema) => {
    const published: unknown = JSON.parse(readFileSync(new URL(fileName, directory), "utf8"));
    expect(published).toEqual(JSON.parse(JSON.stringify(schema)));
  },
);

test("every record's schema refuses members that it does not know", () => {
  for (const schema of recordJsonSchemas().values()) expect(schema).toMatchObject({ additionalProperties: false });
});
