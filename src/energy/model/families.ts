/**
 * Power of whole servers at the plug, memory, fans and power supply included, divided by their hardware threads: idle and at
 * full load, mean over the SPECpower_ssj2008 results of servers with that processor family.
 *
 * Source: Cloud Carbon Footprint, ccf-coefficients, AWS set, computed from the SPECpower_ssj2008 results to March 2026. One row is
 * corrected: the published EPYC gen 5 (3.68 / 8.96 W) is the mean over every result of all time, because a blank line in its list
 * of processors matches them all; the mean over the EPYC gen 5 results alone is 0.27 / 1.48 W.
 */
export interface ServerFamily {
  readonly id: string;
  readonly name: string;
  /** Watts per hardware thread of an idle server. */
  readonly idleWattsPerThread: number;
  /** Watts per hardware thread of a server at full load. */
  readonly fullWattsPerThread: number;
  /** Document that the two figures come from. */
  readonly source: string;
  /** Year of the results they rest on. */
  readonly year: number;
  /** Whether the figures are another family's, for want of results: then no more is known than of an unknown CPU. */
  readonly isProxy: boolean;
}

const coefficients = "Cloud Carbon Footprint ccf-coefficients, AWS set, from SPECpower_ssj2008 results";
const corrected = "SPECpower_ssj2008 results of EPYC 9xx5 servers, own mean (the ccf-coefficients row is a data error)";

function row(id: string, name: string, idle: number, full: number, source = coefficients): ServerFamily {
  return { id, name, idleWattsPerThread: idle, fullWattsPerThread: full, source, year: 2026, isProxy: false };
}

export const serverFamilies = {
  sandyBridge: row("sandy-bridge", "Intel Sandy Bridge", 2.21, 8.63),
  ivyBridge: row("ivy-bridge", "Intel Ivy Bridge", 1.71, 5.56),
  haswell: row("haswell", "Intel Haswell", 1.86, 5.6),
  broadwell: row("broadwell", "Intel Broadwell", 0.71, 3.69),
  skylake: row("skylake", "Intel Skylake", 0.61, 4.1),
  cascadeLake: row("cascade-lake", "Intel Cascade Lake", 0.69, 4.06),
  coffeeLake: row("coffee-lake", "Intel Coffee Lake", 1.14, 5.42),
  iceLake: row("ice-lake", "Intel Ice Lake", 0.77, 3.76),
  sapphireRapids: row("sapphire-rapids", "Intel Sapphire Rapids", 1.04, 4.16),
  emeraldRapids: row("emerald-rapids", "Intel Emerald Rapids", 0.81, 4.48),
  graniteRapids: row("granite-rapids", "Intel Granite Rapids", 0.58, 2.53),
  epycGen1: row("epyc-gen1", "AMD EPYC Naples (gen 1)", 0.85, 2.6),
  epycGen2: row("epyc-gen2", "AMD EPYC Rome (gen 2)", 0.47, 1.69),
  epycGen3: row("epyc-gen3", "AMD EPYC Milan (gen 3)", 0.46, 1.96),
  epycGen4: row("epyc-gen4", "AMD EPYC Genoa (gen 4)", 0.74, 2.28),
  epycGen5: row("epyc-gen5", "AMD EPYC Turin (gen 5)", 0.27, 1.48, corrected),
  armNeoverse: { ...row("arm-neoverse", "Arm Neoverse (figures of EPYC gen 2)", 0.47, 1.69), isProxy: true },
} as const satisfies Record<string, ServerFamily>;

/** The same set's default for processors that it does not know. */
export const unknownFamily: ServerFamily = { ...row("unknown", "unknown CPU", 0.74, 3.5), isProxy: true };
