import { type CorrelationFactor, correlationFactor, type SourceCorrelation } from "./correlation.ts";
import type { Distribution } from "./distribution.ts";
import { checkDistribution } from "./distribution.ts";
import { Sfc32, startBlock, streamKey, trialsPerBlock } from "./random-stream.ts";
import { fromNormals, samplerOf } from "./sampling.ts";
import { fillNormals } from "./ziggurat.ts";

/** One input of a model, and what its error is shared with: sources of the same id have the same draw in the same trial. */
export interface RandomSource {
  readonly id: string;
  readonly distribution: Distribution;
}

/** One column of draws for each source, a block of trials at a time. */
export interface SampleColumns {
  readonly columns: readonly Float64Array[];
  /** Fills the columns with the draws of the block's first `count` trials. */
  fill(block: number, count: number): void;
}

export function sampleColumns(
  sources: readonly RandomSource[],
  correlations: readonly SourceCorrelation[],
  seed: number,
): SampleColumns {
  const factor = correlationFactor(
    sources.map(({ id }) => id),
    correlations,
  );
  const columns = sources.map(() => new Float64Array(trialsPerBlock));
  const generator = new Sfc32();
  const fillers = sources.map(({ id, distribution }, index) => {
    checkDistribution(distribution);
    const key = streamKey(seed, id);
    const sampler = factor.sources.includes(index) ? fillNormals : samplerOf(distribution);
    const column = columns[index] ?? new Float64Array(0);
    return (block: number, count: number): void => {
      startBlock(generator, key, block);
      sampler(generator, column, count);
    };
  });
  const correlate = correlator(factor, sources, columns);
  return {
    columns,
    fill(block, count) {
      for (const filler of fillers) filler(block, count);
      correlate(count);
    },
  };
}

/** A normal copula: independent normal numbers are combined to correlated ones, and each then takes its own distribution. */
function correlator(
  factor: CorrelationFactor,
  sources: readonly RandomSource[],
  columns: readonly Float64Array[],
): (count: number) => void {
  const normals = factor.sources.map((source) => columns[source] ?? new Float64Array(0));
  const transforms = factor.sources.flatMap((source) => {
    const distribution = sources[source]?.distribution;
    return distribution === undefined ? [] : [fromNormals(distribution)];
  });
  return (count) => {
    // From the last row up: every row needs the independent numbers of those before it.
    for (let row = factor.rows.length - 1; row >= 0; row -= 1) combine(normals, factor.rows[row] ?? [], row, count);
    for (const [row, transform] of transforms.entries()) transform(normals[row] ?? new Float64Array(0), count);
  };
}

function combine(normals: readonly Float64Array[], weights: readonly number[], row: number, count: number): void {
  const target = normals[row] ?? new Float64Array(0);
  const own = weights[row] ?? 0;
  for (let trial = 0; trial < count; trial += 1) target[trial] = own * (target[trial] ?? 0);
  for (let other = 0; other < row; other += 1) {
    const weight = weights[other] ?? 0;
    const values = normals[other] ?? target;
    if (weight === 0) continue;
    for (let trial = 0; trial < count; trial += 1) target[trial] = (target[trial] ?? 0) + weight * (values[trial] ?? 0);
  }
}
