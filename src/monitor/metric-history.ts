import { rename, writeFile } from "node:fs/promises";
import { CarbonOpsError, messageOf } from "../errors.ts";
import type { EnergyMetric } from "./metric.ts";
import { type MetricSummary, summarise } from "./summary.ts";

/** The last metrics of a logger. */
export class MetricHistory {
  readonly #limit: number;
  #metrics: EnergyMetric[] = [];
  #dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Oldest first. */
  get metrics(): readonly EnergyMetric[] {
    return this.#metrics.slice(-this.#limit);
  }

  add(metric: EnergyMetric): void {
    this.#metrics.push(metric);
    // Removing one at a time would move all of them for each.
    if (this.#metrics.length < 2 * this.#limit) return;
    this.#dropped += this.#metrics.length - this.#limit;
    this.#metrics = this.#metrics.slice(-this.#limit);
  }

  summary(): MetricSummary {
    const { metrics } = this;
    return summarise(metrics, this.#dropped + this.#metrics.length - metrics.length);
  }

  /**
   * JSON lines where the path ends in .ndjson or .jsonl, otherwise one JSON array. The file appears whole or not at all. Throws
   * CarbonOpsError OUTPUT_FAILED.
   */
  async exportTo(path: string, temporaryPath: string): Promise<void> {
    const asLines = path.endsWith(".ndjson") || path.endsWith(".jsonl");
    try {
      const lines = this.metrics.map((metric) => JSON.stringify(metric));
      const text = asLines ? lines.map((line) => `${line}\n`).join("") : `[${lines.join(",\n")}]\n`;
      await writeFile(temporaryPath, text);
      await rename(temporaryPath, path);
    } catch (error) {
      throw new CarbonOpsError("OUTPUT_FAILED", `The metrics could not be written to ${path}: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  }
}
