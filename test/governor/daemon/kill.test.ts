import { expect, test } from "vitest";
import { connectGovernor } from "../../../src/governor/client.ts";
import { ask, governorPlace, showMicrojoules, startGovernor, until } from "../../support/governor.ts";

/** Counts of 61035 nJ, as an Intel counter shows them: rounded down to whole microjoules. */
const unitNanojoules = 61_035n;
const modulus = 2n ** 32n;

test("twenty kill -9, with the counter running and going round, lose and invent nothing", async () => {
  const place = governorPlace();
  // 100 J below the wrap.
  let raw = modulus - (100n * 10n ** 9n) / unitNanojoules;
  const show = (): void => showMicrojoules(place.roots, "intel-rapl:0", ((raw % modulus) * unitNanojoules) / 1000n);
  const begin = raw;
  show();
  let governor = await startGovernor(place);
  const { governor_id: id } = await ask(place.socketPath, "{}");
  const spend = (): void => {
    raw += 300_000n;
    show();
  };
  let total = 0n;
  let sequence = 0;
  for (let life = 0; life < 20; life += 1) {
    spend();
    // Some die before they read it, some after they served it, some before they saved it.
    await new Promise((resolve) => setTimeout(resolve, (life * 37) % 250));
    await governor.end("SIGKILL");
    spend();
    governor = await startGovernor(place);
    const client = await connectGovernor({ socketPath: place.socketPath });
    const snapshot = await client.snapshot();
    client.close();
    expect(snapshot?.governorId).toBe(id);
    expect(snapshot?.sequence).toBeGreaterThan(sequence);
    const now = snapshot?.countersMicrojoules.get("intel-rapl:0") ?? 0n;
    expect(now).toBeGreaterThanOrEqual(total);
    expect(snapshot?.gaps).toBe(0);
    [total, sequence] = [now, snapshot?.sequence ?? 0];
  }
  const truth = ((raw - begin) * unitNanojoules) / 1000n;
  await until(async () => {
    const client = await connectGovernor({ socketPath: place.socketPath });
    const snapshot = await client.snapshot();
    client.close();
    return snapshot?.countersMicrojoules.get("intel-rapl:0") === truth;
  });
});
