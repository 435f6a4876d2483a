import { relativeVarianceOfEnergy } from "../../carbon/part-of-estimate.ts";
import type { TaskFigures } from "../../monitor/task-figures.ts";
import type { Attributes, SpanLike } from "./open-telemetry-api.ts";
import { intensityAttributes, type Telemetry } from "./telemetry.ts";

/** What a span used, as attributes: units stand in the names, since attributes have none of their own. What is not known is left out. */
export function spanAttributes(figures: TaskFigures, telemetry: Telemetry): Attributes {
  const { marginalJoules, uncertainty } = figures;
  return {
    "carbon_ops.cpu.seconds": figures.cpuSeconds,
    ...(marginalJoules === null ? {} : energyAttributes(figures, marginalJoules)),
    ...(marginalJoules === null || uncertainty === null || !(marginalJoules > 0)
      ? {}
      : {
          "carbon_ops.energy.relative_uncertainty": Math.sqrt(relativeVarianceOfEnergy(marginalJoules, uncertainty)),
        }),
    ...emissionAttributes(figures, telemetry),
  };
}

function energyAttributes(figures: TaskFigures, marginalJoules: number): Attributes {
  const { proportionalJoules, withChildren, isResolvedAlone, isSettled } = figures;
  return {
    "carbon_ops.energy.joules": marginalJoules,
    ...(proportionalJoules === null ? {} : { "carbon_ops.energy.proportional_joules": proportionalJoules }),
    ...(withChildren.marginalJoules === null
      ? {}
      : { "carbon_ops.energy.with_children_joules": withChildren.marginalJoules }),
    "carbon_ops.energy.resolved_alone": isResolvedAlone,
    "carbon_ops.energy.settled": isSettled,
  };
}

function emissionAttributes(figures: TaskFigures, telemetry: Telemetry): Attributes {
  const grams = telemetry.gramsOf(figures);
  const { reference } = telemetry;
  if (grams === null || reference === null) return {};
  return {
    "carbon_ops.emissions.grams": grams.grams,
    "carbon_ops.emissions.lower_grams": grams.lowerGrams,
    "carbon_ops.emissions.upper_grams": grams.upperGrams,
    "carbon_ops.emissions.quality": reference.qualityFlag,
    ...intensityAttributes(reference),
  };
}

/**
 * A span that has ended takes no attribute, so the next processor gets it seen through these. Everything else is the span's own: methods and
 * accessors run on the span itself.
 */
export function withAttributes(span: SpanLike, added: Attributes): SpanLike {
  const attributes = { ...span.attributes, ...added };
  return new Proxy(span, {
    get(target, key) {
      if (key === "attributes") return attributes;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
