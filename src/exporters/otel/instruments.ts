interface Instrument {
  readonly name: string;
  /** UCUM. */
  readonly unit: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly description: string;
}

/**
 * What is told, by name. `hw.host.*` are OpenTelemetry's semantic conventions (hardware metrics, 1.45); they have no names for what a
 * process or a task uses, nor for emissions. Counters never go back. Figures of different kinds have names of their own, since back ends add up
 * whatever stands under one name.
 */
export const instruments = {
  taskEnergy: {
    name: "carbon_ops.task.energy",
    unit: "J",
    kind: "counter",
    description: "Energy of the tasks of a name above the idle baseline: what would not have been drawn without them.",
  },
  taskEnergyProportional: {
    name: "carbon_ops.task.energy_proportional",
    unit: "J",
    kind: "counter",
    description:
      "Part of all that the host drew, idle power spread over the busy; never to be added to the energy above idle.",
  },
  taskCpuTime: {
    name: "carbon_ops.task.cpu_time",
    unit: "s",
    kind: "counter",
    description: "CPU time of the tasks of a name.",
  },
  taskCalls: {
    name: "carbon_ops.task.calls",
    unit: "{call}",
    kind: "counter",
    description: "Tasks that have ended; where they are sampled, the number that the watched ones stand for.",
  },
  taskEmissions: {
    name: "carbon_ops.task.emissions",
    unit: "g",
    kind: "counter",
    description: "CO2 equivalent of the tasks of a name, by the kind and scope of intensity that its attributes name.",
  },
  taskEmissionsLower: {
    name: "carbon_ops.task.emissions_lower",
    unit: "g",
    kind: "counter",
    description: "Sum of the lower bounds of each interval's emissions: a bound that holds whatever the errors share.",
  },
  taskEmissionsUpper: {
    name: "carbon_ops.task.emissions_upper",
    unit: "g",
    kind: "counter",
    description: "Sum of the upper bounds of each interval's emissions: a bound that holds whatever the errors share.",
  },
  taskEmissionsMarginal: {
    name: "carbon_ops.task.emissions_marginal",
    unit: "g",
    kind: "counter",
    description:
      "The same energy by the marginal intensity, where one is known beside the average; never to be added to it.",
  },
  taskPower: {
    name: "carbon_ops.task.power",
    unit: "W",
    kind: "gauge",
    description: "Mean power of the tasks of a name above the idle baseline, over the last interval.",
  },
  taskEnergyUncertainty: {
    name: "carbon_ops.task.energy_uncertainty",
    unit: "1",
    kind: "gauge",
    description: "Standard uncertainty of the energy of the last interval over that energy.",
  },
  callEnergy: {
    name: "carbon_ops.call.energy",
    unit: "J",
    kind: "histogram",
    description: "Energy above the idle baseline of single tasks that have ended.",
  },
  callEmissions: {
    name: "carbon_ops.call.emissions",
    unit: "g",
    kind: "histogram",
    description: "CO2 equivalent of single tasks that have ended, at the grams per watt-hour of the last interval.",
  },
  processEnergy: {
    name: "carbon_ops.process.energy",
    unit: "J",
    kind: "counter",
    description: "Energy of this process above the idle baseline, by part; the parts add up to it.",
  },
  processCpuTime: {
    name: "carbon_ops.process.cpu_time",
    unit: "s",
    kind: "counter",
    description: "CPU time of this process and its children, by part; the parts add up to it.",
  },
  hostEnergy: {
    name: "hw.host.energy",
    unit: "J",
    kind: "counter",
    description: "Total energy of the host, as the energy source counts it.",
  },
  hostPower: {
    name: "hw.host.power",
    unit: "W",
    kind: "gauge",
    description: "Mean power of the host over the last interval.",
  },
  energyGaps: {
    name: "carbon_ops.energy.gaps",
    unit: "{gap}",
    kind: "counter",
    description: "Failed readings and steps of counters: where it grew, energy may be missing or of another time.",
  },
  energyInfo: {
    name: "carbon_ops.energy.info",
    unit: "1",
    kind: "gauge",
    description: "Always 1: the attributes say where joules come from, and whether they are measured or estimated.",
  },
  gridIntensity: {
    name: "carbon_ops.grid.intensity",
    unit: "g/kWh",
    kind: "gauge",
    description: "Intensity of electricity in use, by kind, scope and zone.",
  },
  gridIntensityCoverage: {
    name: "carbon_ops.grid.intensity_coverage",
    unit: "1",
    kind: "gauge",
    description:
      "Share of the last interval for which the region's own intensity was known; 0 where the world average stood in.",
  },
} as const satisfies Record<string, Instrument>;

export type InstrumentKey = keyof typeof instruments;
export type HistogramKey = "callEnergy" | "callEmissions";
export type PointKey = Exclude<InstrumentKey, HistogramKey>;

/** Upper bounds of the histograms' buckets: half a decade each, from what a millisecond of CPU time takes to an hour of a large host. */
export const bucketBoundaries: Readonly<Record<HistogramKey, readonly number[]>> = {
  callEnergy: halfDecades(-4, 4),
  callEmissions: halfDecades(-9, 1),
};

export const meterName = "carbon-ops";

function halfDecades(from: number, to: number): readonly number[] {
  const bounds: number[] = [];
  for (let exponent = from; exponent < to; exponent += 1) bounds.push(Number(`1e${exponent}`), Number(`3e${exponent}`));
  return [...bounds, Number(`1e${to}`)];
}
