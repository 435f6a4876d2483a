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
    name: "estimate",
    summary: "grams of CO2e of an energy, or of a power over a time",
    load: () => import("./commands/estimate.ts"),
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
    name: "ledger",
    summary: "create, extend, verify and read an audit ledger",
    load: () => import("./commands/ledger.ts"),
  },
];
