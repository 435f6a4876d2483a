import * as fc from "fast-check";
import { expect, test } from "vitest";
import { prometheusSink } from "../../src/exporters/prometheus-page.ts";
import type { TaskReport } from "../../src/monitor/task-figures.ts";
import type { TaskInterval, TaskSink } from "../../src/monitor/task-interval.ts";
import { sampleOf } from "../support/http.ts";
import { manualClock } from "../support/manual-clock.ts";
import { estimateOf, figures, interval, named, nameInterval, report, uncertainty } from "./service-example.ts";

/** A page of a service that reports what it is told to. */
function pageOf(first: TaskReport = report([])) {
  const clock = manualClock();
  let current = first;
  const sinks: TaskSink[] = [];
  const service = { taskReport: () => current, addSink: (sink: TaskSink) => void sinks.push(sink) };
  const sink = prometheusSink(service, { clock });
  return {
    sink,
    sinks,
    text: (next: TaskReport = current) => {
      current = next;
      clock.advanceSeconds(1);
      return sink.text();
    },
    hand: (handed: TaskInterval) => {
      for (const each of sinks) each.interval?.(handed);
    },
  };
}

const value = (page: string, series: string): number | null => {
  const text = sampleOf(page, series);
  return text === null ? null : Number(text);
};

function sumOf(page: string, start: string): number {
  const lines = page.split("\n").filter((line) => line.startsWith(start));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

test("a task has its calls, time, CPU time and both shares of energy", () => {
  const page = pageOf(report([named("GET /cart", 2)])).text();
  const energy = 'carbon_ops_task_energy_joules_total{task="GET /cart",share=';
  expect(value(page, 'carbon_ops_task_calls_total{task="GET /cart",outcome="completed"}')).toBe(3);
  expect(value(page, 'carbon_ops_task_calls_total{task="GET /cart",outcome="failed"}')).toBe(1);
  expect(value(page, 'carbon_ops_task_calls_total{task="GET /cart",outcome="cancelled"}')).toBe(0);
  expect(value(page, 'carbon_ops_task_started_total{task="GET /cart"}')).toBe(5);
  expect(value(page, 'carbon_ops_task_duration_seconds_total{task="GET /cart"}')).toBe(8);
  expect(value(page, 'carbon_ops_task_cpu_seconds_total{task="GET /cart"}')).toBe(2);
  expect([value(page, `${energy}"marginal"}`), value(page, `${energy}"proportional"}`)]).toEqual([20, 40]);
});

test("the uncertainty of a task's energy has all its errors", () => {
  const own = { ...uncertainty, additiveWh: 2 / 3600 };
  const page = pageOf(report([named("t", 2, { uncertainty: own })])).text();
  // 20 J with 2 J, times factors of 3 % and 10 %: products of independent factors (JCGM 100, 5.1.6).
  const relative = Math.sqrt((1 + 0.1 ** 2) * Math.exp(0.03 ** 2) * Math.exp(0.1 ** 2) - 1);
  expect(value(page, 'carbon_ops_task_energy_uncertainty_joules{task="t"}')).toBeCloseTo(20 * relative, 10);
});

test("the parts of the process add up, and with the rest they are the host", () => {
  const beside = { outsideTasks: figures(0.5), otherThreads: figures(0.25), childProcesses: figures(1) };
  const whole = report([named("a", 1), named("b", 3)], beside);
  const page = pageOf(whole).text();
  const energy = "carbon_ops_process_energy_joules_total{part=";
  expect(value(page, `${energy}"tasks",share="marginal"}`)).toBe(40);
  expect(value(page, `${energy}"outside_tasks",share="marginal"}`)).toBe(5);
  expect(value(page, `${energy}"other_threads",share="proportional"}`)).toBe(5);
  expect(value(page, `${energy}"child_processes",share="marginal"}`)).toBe(10);
  expect(sumOf(page, "carbon_ops_process_cpu_seconds_total{")).toBe(whole.process.cpuSeconds);
  const rest = value(page, "carbon_ops_rest_of_host_energy_joules_total") ?? 0;
  expect(57.5 + rest).toBe(whole.hostJoules);
  expect(value(page, "carbon_ops_energy_measured_seconds_total")).toBe(60);
});

test("where no energy can be read, CPU time is known alone, and there are no joules, not 0 of them", () => {
  const dark = { outsideTasks: figures(1, null), otherThreads: figures(1, null), childProcesses: figures(1, null) };
  const { text, hand } = pageOf(report([{ ...named("t", 2), ...figures(2, null), uncertainty: null }], dark));
  expect(text()).not.toContain("joules");
  expect(value(text(), 'carbon_ops_task_cpu_seconds_total{task="t"}')).toBe(2);
  hand(interval([], { energySource: null, energyProvenance: null, hostJoules: null }));
  expect(value(text(), "carbon_ops_energy_readable")).toBe(0);
  expect(text()).not.toMatch(/joules|grams|source_info/);
});

test("a task may be called anything, even what a part of the process is called", () => {
  const names = ['a"} 7\nb\\', "outside_tasks", "", "\ud800", "\udfff", "(other names)"];
  const page = pageOf(report(names.map((name) => named(name, 1)))).text();
  const lines = page.split("\n").filter((line) => line.startsWith("carbon_ops_task_cpu_seconds_total{"));
  expect(lines).toEqual(
    ['a\\"} 7\\nb\\\\', "outside_tasks", "", "\\\\ud800", "\\\\udfff", "(other names)"].map(
      (name) => `carbon_ops_task_cpu_seconds_total{task="${name}"} 1`,
    ),
  );
  expect(value(page, 'carbon_ops_process_cpu_seconds_total{part="outside_tasks"}')).toBe(0);
  expect(value(page, 'carbon_ops_process_cpu_seconds_total{part="tasks"}')).toBe(names.length);
});

test("grams of intervals add up, with their bounds, and average and marginal stay apart", async () => {
  const { hand, text } = pageOf();
  const [first, second] = await Promise.all([nameInterval("t", 3600), nameInterval("t", 7200)]);
  hand(interval([first]));
  hand(interval([second], { timestampEnd: "2026-01-01T00:02:00.000Z" }));
  const page = text();
  const [one, two] = [first.carbon, second.carbon];
  const grams = (name: string) => value(page, `carbon_ops_emissions_${name}{task="t",intensity="average"}`);
  expect(grams("grams_total")).toBe((one?.grams ?? 0) + (two?.grams ?? 0));
  expect(grams("lower_grams_total")).toBe((one?.interval.lowerGrams ?? 0) + (two?.interval.lowerGrams ?? 0));
  expect(grams("upper_grams_total")).toBe((one?.interval.upperGrams ?? 0) + (two?.interval.upperGrams ?? 0));
  expect(grams("lower_grams_total")).toBeLessThan(grams("grams_total") ?? 0);
  expect(value(page, "carbon_ops_intervals_total")).toBe(2);
  expect(value(page, "carbon_ops_last_interval_timestamp_seconds")).toBe(Date.UTC(2026, 0, 1, 0, 2) / 1000);
  expect(value(page, 'carbon_ops_energy_source_info{source="powercap",provenance="measured"}')).toBe(1);
});

test("a marginal intensity has grams of its own, and is no part of the others", async () => {
  const { hand, text } = pageOf();
  const own = await nameInterval("t", 3600);
  const estimate = await estimateOf(3600);
  const marginal = { ...estimate, grams: 5, intensityGPerKwh: 700 };
  const carbon = {
    ...estimate,
    marginal: { ...marginal, intensity: { ...marginal.intensity, kind: "marginal" as const } },
  };
  hand(interval([{ ...own, carbon }]));
  const page = text();
  expect(value(page, 'carbon_ops_emissions_grams_total{task="t",intensity="marginal"}')).toBe(5);
  expect(value(page, 'carbon_ops_emissions_grams_total{task="t",intensity="average"}')).toBe(estimate.grams);
  expect(page).toMatch(/carbon_ops_grid_intensity_grams_per_kwh\{intensity="marginal",[^}]*\} 700\n/);
});

test("the intensity is that of the last interval, with the region, or is not there", async () => {
  const { hand, text } = pageOf();
  const [small, large] = await Promise.all([nameInterval("a", 10, "GB"), nameInterval("b", 20, "SE")]);
  hand(interval([small, large]));
  const lines = text().match(/^carbon_ops_grid_intensity_grams_per_kwh.*$/gm) ?? [];
  expect(lines.map((line) => line.match(/intensity="\w+"|region="\w+"/g))).toEqual([
    ['intensity="average"', 'region="SE"'],
    ['intensity="marginal"', 'region="SE"'],
  ]);
  expect(Number(lines[0]?.split(" ").at(-1))).toBe(large.carbon?.intensityGPerKwh);
  hand(interval([]));
  expect(text()).not.toContain("carbon_ops_grid_intensity");
});

test("energy is shown by what is known of its grams: a stand-in, none at all, or covered", async () => {
  const { hand, text } = pageOf();
  const [covered, unknown] = await Promise.all([nameInterval("t", 100), nameInterval("t", 20, "global-average")]);
  hand(interval([covered]));
  hand(interval([unknown]));
  hand(interval([{ ...covered, ...figures(3), carbon: null, problem: "The provider does not answer." }]));
  const page = text();
  const byQuality = (quality: string) =>
    value(page, `carbon_ops_emissions_energy_joules_total{task="t",quality="${quality}"}`);
  expect(byQuality(covered.carbon?.qualityFlag ?? "")).toBe(100);
  expect(byQuality("fallback")).toBe(20);
  expect(byQuality("none")).toBe(30);
  expect(value(page, 'carbon_ops_emissions_covered_joules_total{task="t"}')).toBe(100);
});

test("energy of a time without an intensity is in no gram, though the rest of its interval is", async () => {
  const { hand, text } = pageOf();
  const estimate = await estimateOf(100);
  const intensity = { ...estimate.intensity, missingPolicy: "drop" as const, droppedEnergyWh: 25 / 3600 };
  const name = { ...(await nameInterval("t", 100)), carbon: { ...estimate, intensity, coveragePct: 75 } };
  hand(interval([name]));
  const of = (series: string) => value(text(), `carbon_ops_emissions_${series}`);
  expect(of('energy_joules_total{task="t",quality="none"}')).toBeCloseTo(25, 10);
  expect(of(`energy_joules_total{task="t",quality="${estimate.qualityFlag}"}`)).toBeCloseTo(75, 10);
  expect(of('covered_joules_total{task="t"}')).toBeCloseTo(75, 10);
});

test("calls within a second get one reading; an interval makes a new page at once", async () => {
  let readings = 0;
  const sinks: TaskSink[] = [];
  const clock = manualClock();
  const taskReport = (): TaskReport => {
    readings += 1;
    return report([]);
  };
  const page = prometheusSink({ taskReport, addSink: (sink) => void sinks.push(sink) }, { clock });
  page.text();
  clock.advanceSeconds(0.999);
  page.text();
  expect(readings).toBe(1);
  sinks[0]?.interval?.(interval([]));
  expect(page.text()).toContain("carbon_ops_intervals_total 1");
  clock.advanceSeconds(1);
  page.text();
  expect(readings).toBe(3);
});

test("no counter goes back from page to page, whatever sampling does, and the parts still add up", () => {
  const step = fc.record({
    cpu: fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }),
    borrowed: fc.double({ min: 0, max: 2, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const { text } = pageOf();
      const cpu = [0, 0, 0];
      let outside = 0;
      let before = new Map<string, number>();
      for (const { cpu: more, borrowed } of steps) {
        more.forEach((seconds, index) => {
          cpu[index] = (cpu[index] ?? 0) + seconds;
        });
        outside -= Math.min(
          borrowed,
          more.reduce((sum, seconds) => sum + seconds, 0),
        );
        const tasks = cpu.map((seconds, index) => named(`task ${index}`, seconds));
        const truth = report(tasks, { outsideTasks: figures(outside) });
        const page = text(truth);
        const counters = new Map(
          page
            .split("\n")
            .filter((line) => /^carbon_ops_\w+_total[ {]/.test(line))
            .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
        );
        for (const [series, shown] of counters) expect(shown).toBeGreaterThanOrEqual(before.get(series) ?? 0);
        expect(sumOf(page, "carbon_ops_process_cpu_seconds_total{")).toBeCloseTo(truth.process.cpuSeconds, 9);
        before = counters;
      }
    }),
    { numRuns: 40 },
  );
});
