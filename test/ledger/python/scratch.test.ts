import { readFileSync, readdirSync } from "node:fs";
import { test } from "vitest";
import { verifyPythonLedger } from "../../../src/ledger/python/verify-python.ts";
test("x", async () => {
  const d = "/work/shared/vectors/python-ledger/";
  const key = JSON.parse(readFileSync(d + "manifest.json", "utf8")).public_key_hex;
  for (const f of readdirSync(d).filter((x) => x.endsWith(".ndjson"))) {
    const r = await verifyPythonLedger(d + f, { key });
    const r2 = await verifyPythonLedger(d + f);
    console.log(f, r.valid, r.entries, JSON.stringify(r.firstBadLine), r.nonFiniteLines, r2.firstBadLine?.line);
  }
});
