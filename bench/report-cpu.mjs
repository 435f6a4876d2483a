import { writeFileSync } from "node:fs";

/** Loaded by `node --import` into the one process that is measured: writes its own CPU seconds at its end. */
process.once("exit", () => {
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env["CARBON_OPS_BENCH_CPU_FILE"], String((user + system) / 1e6));
});
