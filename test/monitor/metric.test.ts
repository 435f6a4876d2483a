import { expect, test } from "vitest";
import { unknownEnergy } from "../../src/monitor/energy-figures.ts";
import { exampleMetric } from "./example-metric.ts";

function jsonOf(metric: unknown): unknown {
  return JSON.parse(JSON.stringify(metric));
}

test("JSON has the Python original's names", () => {
  expect(jsonOf(exampleMetric())).toEqual({
    operation: "checkout",
    timestamp_start: "2026-01-01T00:00:00.000Z",
    timestamp_end: "2026-01-01T00:00:10.000Z",
    duration_seconds: 10,
    total_estimated_power_watts: expect.closeTo(36, 9),
    energy: {
      energy_wh_total: expect.closeTo(0.1, 12),
      energy_wh_active: expect.closeTo(0.075, 12),
      energy_wh_task: expect.closeTo(0.0375, 12),
      allocation_ratio: 0.5,
      attribution_mode: "monitor_only",
      energy_source: "powercap",
      energy_source_label: "RAPL package-0 through powercap",
      energy_provenance: "measured",
      energy_boundary: "package_and_dram",
      measured_seconds: 10,
      idle_baseline_watts: 9,
      idle_baseline_origin: "configured",
      uncertainty: {
        gain_ln_sigma: 0.025,
        gain_source_id: "rapl.gain/host=h/pkg=0",
        gain_citation: "a document",
        share_ln_sigma: expect.closeTo(0.06, 12),
        additive_wh: expect.any(Number),
        idle_wh: expect.any(Number),
        idle_source_id: "idle/host=a/cal=configured",
      },
      gaps: 0,
    },
    cpu: { task_cpu_seconds: 2, host_busy_cpu_seconds: 4, logical_cpu_count: 2, cpu_percent: 20 },
    memory: { process_resident_bytes: 50_000_000, host_total_bytes: 8_000_000_000, host_available_bytes: null },
    gpu: [],
    overlapped: false,
    task: null,
    additional_info: null,
  });
});

test("names in the user's own information keep their form", () => {
  const additionalInfo = { orderId: 7, "shop.name": "x", items: [{ itemCount: 3 }], when: new Date(0) };
  expect(jsonOf(exampleMetric({ additionalInfo }))).toMatchObject({
    additional_info: { orderId: 7, "shop.name": "x", items: [{ itemCount: 3 }], when: "1970-01-01T00:00:00.000Z" },
  });
});

test("mean power is unknown where no energy was read or the span has no length", () => {
  expect(exampleMetric({ energy: unknownEnergy("no counters") }).totalEstimatedPowerWatts).toBeNull();
  expect(exampleMetric({ durationSeconds: 0 }).totalEstimatedPowerWatts).toBeNull();
});
