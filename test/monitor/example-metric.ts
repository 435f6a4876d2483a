import { addTick, zeroTotals } from "../../src/attribution/accumulator.ts";
import { type EnergyFigures, energyFigures } from "../../src/monitor/energy-figures.ts";
import { EnergyMetric, type MetricFields } from "../../src/monitor/metric.ts";
import { exampleSource } from "./scripted-host.ts";

/** Ten seconds at 36 W, of which 9 W are idle; the task had half of the CPU time: 0.1, 0.075 and 0.0375 Wh. */
export function exampleFigures(): EnergyFigures {
  const tick = { durationSeconds: 10, hostJoules: 360, hostBusyCpuSeconds: 4, taskCpuSeconds: 2 };
  return energyFigures(exampleSource(), addTick(zeroTotals, tick, 9), { watts: 9, origin: "configured" }, 0, "a");
}

export function exampleMetric(differences: Partial<MetricFields> = {}): EnergyMetric {
  return new EnergyMetric({
    operation: "checkout",
    timestampStart: "2026-01-01T00:00:00.000Z",
    timestampEnd: "2026-01-01T00:00:10.000Z",
    durationSeconds: 10,
    energy: exampleFigures(),
    cpu: { taskCpuSeconds: 2, hostBusyCpuSeconds: 4, logicalCpuCount: 2, cpuPercent: 20 },
    memory: { processResidentBytes: 50_000_000, hostTotalBytes: 8_000_000_000, hostAvailableBytes: null },
    gpu: [],
    overlapped: false,
    task: null,
    additionalInfo: null,
    ...differences,
  });
}
