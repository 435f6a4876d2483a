import type { GramsTotal } from "../../../carbon/aggregate-grams.ts";
import type { UncertaintyShare } from "../../../report/ledger-report.ts";
import { isHourSource } from "../../../uncertainty/hour-sources.ts";
import { familyOf } from "./evidence.ts";

/** What a family of error sources is, in words. */
type Describe = (
  family: string,
) => { readonly quantity: string; readonly scope: string; readonly citation: string } | null;

interface Family {
  variance: number;
  sourceCount: number;
}

/**
 * Shares of the variance of a total, by family of sources, the largest first: components of one id have been added up already, ids are
 * independent. Hours of a grid hang together, so that theirs is what the other families leave.
 */
export function uncertaintyShares(total: GramsTotal, describe: Describe): readonly UncertaintyShare[] {
  const variance = total.standardUncertaintyGrams ** 2;
  if (!(variance > 0 && Number.isFinite(variance))) return [];
  const families = new Map<string, Family>();
  const hours = { family: "", sourceCount: 0 };
  let independent = total.privateUncertaintyGrams ** 2;
  for (const [id, component] of total.components) {
    if (isHourSource(id)) {
      hours.family = familyOf(id);
      hours.sourceCount += 1;
      continue;
    }
    const family = families.get(familyOf(id)) ?? { variance: 0, sourceCount: 0 };
    families.set(familyOf(id), family);
    family.variance += component ** 2;
    family.sourceCount += 1;
    independent += component ** 2;
  }
  if (hours.sourceCount > 0) {
    families.set(hours.family, { variance: Math.max(0, variance - independent), sourceCount: hours.sourceCount });
  }
  const shares = [...families].map(([family, { variance: part, sourceCount }]): UncertaintyShare => {
    const described = describe(family);
    return {
      family,
      quantity: described?.quantity ?? family,
      scope: described?.scope ?? "",
      citation: described?.citation ?? null,
      shareOfVariance: Math.min(1, part / variance),
      sourceCount,
    };
  });
  const own: UncertaintyShare = {
    family: "private",
    quantity: "each record's own errors",
    scope: "shared with no other record",
    citation: null,
    shareOfVariance: Math.min(1, total.privateUncertaintyGrams ** 2 / variance),
    sourceCount: 0,
  };
  return [...shares, own]
    .filter(({ shareOfVariance }) => shareOfVariance > 0)
    .sort((left, right) => right.shareOfVariance - left.shareOfVariance);
}
