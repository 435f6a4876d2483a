/** Writes schema/*.schema.json from the validators in dist/: run it after a build, when a record's shape has changed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { recordJsonSchemas } from "../dist/record/json-schemas.js";

const directory = new URL("../schema/", import.meta.url);
mkdirSync(directory, { recursive: true });
for (const [fileName, schema] of recordJsonSchemas()) {
  writeFileSync(new URL(fileName, directory), `${JSON.stringify(schema, null, 2)}\n`);
  console.log(`schema/${fileName}`);
}
