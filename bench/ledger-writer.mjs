import { writeSync } from "node:fs";
import { Ledger, loadSigningKey } from "../dist/ledger/index.js";

/**
 * A process that appends: `ledger-writer.mjs LEDGER KEY NAME COUNT [GROUP [LENGTH]]`. Each record's id goes to stdout as soon as its
 * append has returned; at the end the memory that was used goes to stderr.
 */
const [path, keyPath, name, count, group = "1", length = "400"] = process.argv.slice(2);
const { signer } = await loadSigningKey(keyPath);
const text = "x".repeat(Number(length));
try {
  const ledger = await Ledger.open(path, { signer, lockWaitSeconds: 120 });
  for (let index = 0; index < Number(count); index += Number(group)) {
    const ids = Array.from({ length: Number(group) }, (_, offset) => `${name}-${index + offset}`);
    await Promise.all(
      ids.map(async (id) => {
        await ledger.append({ kind: "test", id, text });
        writeSync(1, `${id}\n`);
      }),
    );
  }
  await ledger.close();
} catch (error) {
  writeSync(2, `${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
writeSync(2, `rss ${process.memoryUsage().rss}\n`);
