import type { CommandModule } from "./context.ts";

/** Every command of the program, with the line that --help shows. A command's file is loaded only when it is used. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<CommandModule>;
}

export const commandEntries: readonly CommandEntry[] = [
  {
    name: "run",
    summary: "run a command; say how much energy and carbon it took",
    load: () => import("./commands/run.ts"),
  },
  {
    name: "compare",
    summary: "which of several commands uses less energy and carbon, and whether that is chance",
    load: () => import("./commands/compare.ts"),
  },
  {
    name: "estimate",
    summary: "grams of CO2e of an energy, or of a power over a time",
    load: () => import("./commands/estimate.ts"),
  },
  {
    name: "top",
    summary: "live table of what draws how much power on this host",
    load: () => import("./commands/top.ts"),
  },
  {
    name: "calibrate",
    summary: "measure this host's idle power once, so that nobody is charged with it",
    load: () => import("./commands/calibrate.ts"),
  },
  {
    name: "demo",
    summary: "demonstrations: what slow readers of energy counters miss",
    load: () => import("./commands/demo.ts"),
  },
  {
    name: "doctor",
    summary: "which energy sources this host has, why not the others, and what mends them",
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "regions",
    summary: "grid regions: search, map a cloud region, show value, year and source",
    load: () => import("./commands/regions.ts"),
  },
  {
    name: "intensity",
    summary: "carbon intensity of a grid: now, at a time, over a range, and who says so",
    load: () => import("./commands/intensity.ts"),
  },
  {
    name: "settle",
    summary: "ask again for provisional intensities of a ledger; append restatements",
    load: () => import("./commands/settle.ts"),
  },
  {
    name: "governor",
    summary: "count the host's energy and serve it to users without privilege",
    load: () => import("./commands/governor.ts"),
  },
  {
    name: "metrics",
    summary: "serve the governor's totals to Prometheus",
    load: () => import("./commands/metrics.ts"),
  },
  {
    name: "ledger",
    summary: "create, extend, verify and read an audit ledger",
    load: () => import("./commands/ledger.ts"),
  },
  {
    name: "report",
    summary: "what a ledger says, for people: in the terminal, or as one HTML file",
    load: () => import("./commands/report.ts"),
  },
  {
    name: "keys",
    summary: "make, show, check and replace the keys that sign ledgers",
    load: () => import("./commands/keys.ts"),
  },
  {
    name: "simulate",
    summary: "keep counters of a host that does not exist moving, with exactly known energy",
    load: () => import("./commands/simulate.ts"),
  },
];
