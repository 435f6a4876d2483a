import type { SourceExamination } from "../../discovery/examine.ts";
import type { SourceUncertainty } from "../../energy/source.ts";
import { formatSignificant } from "../../units.ts";
import { labelledRows, type TextStyle, wrapText } from "./style.ts";

export interface PartExamination {
  readonly name: string;
  readonly usable: boolean;
  readonly why: string;
  /** The command that mends it, or null where there is nothing to mend. */
  readonly mend: string | null;
}

export interface ProviderExamination {
  readonly id: string;
  /** Whether the settings have it asked. */
  readonly isAsked: boolean;
  readonly credentials: "not_needed" | "found" | "missing" | "unusable";
  /** Whether it answered now; null where it was not asked. */
  readonly isReachable: boolean | null;
  readonly why: string;
}

export interface DoctorFindings {
  readonly machine: readonly (readonly [string, string])[];
  readonly sources: readonly SourceExamination[];
  readonly inUse: { readonly id: string; readonly label: string; readonly uncertainty: SourceUncertainty } | null;
  readonly intensity: {
    readonly isOffline: boolean;
    readonly providers: readonly ProviderExamination[];
    /** By provider, of the questions of this command. */
    readonly counters: ReadonlyMap<string, object>;
  };
  readonly parts: readonly PartExamination[];
}

/** What `carbon-ops doctor` shows on a terminal. */
export function doctorPage(findings: DoctorFindings, width: number, style: TextStyle): string {
  return [
    `${style.strong("This machine")}\n`,
    labelledRows(findings.machine, width, style),
    `\n${style.strong("Energy sources")}, best first\n`,
    ...findings.sources.map((source) => entry(source.title, source, width, style)),
    `\n${style.strong("Carbon intensities")}, in the order they are asked${findings.intensity.isOffline ? "; offline: stored and packaged values alone" : ""}\n`,
    ...findings.intensity.providers.map((provider) =>
      entry(provider.id, { usable: provider.isAsked, why: provider.why, mend: null }, width, style),
    ),
    `\n${style.strong("Optional parts")}\n`,
    ...findings.parts.map((part) => entry(part.name, part, width, style)),
    `\n${inUseParagraph(findings, width, style)}\n`,
  ].join("");
}

function entry(title: string, examined: Omit<PartExamination, "name">, width: number, style: TextStyle): string {
  const mark = examined.usable ? style.good("yes") : style.faint("no ");
  const lines = wrapText(examined.why, Math.max(20, width - 8)).map((line) => `        ${line}\n`);
  // A command is never wrapped: it is there to be copied.
  const mend = examined.mend === null ? "" : `        ${style.faint("to mend it:")} ${examined.mend}\n`;
  return `  ${mark}   ${style.strong(title)}\n${lines.join("")}${mend}`;
}

function inUseParagraph(findings: DoctorFindings, width: number, style: TextStyle): string {
  const { inUse } = findings;
  if (inUse === null) return `${style.bad("No energy source can be used")}: energy and carbon would be unknown.`;
  const text = `${style.strong("In use now")}: ${inUse.label}. ${uncertaintySentence(inUse.uncertainty)}`;
  return wrapText(text, width).join("\n");
}

/** The 95 % interval of a lognormal gain, as factors: exp(-1.96 s) to exp(1.96 s) (JCGM 101, 6.4 for the distribution). */
function uncertaintySentence({ gainLnSigma, citation }: SourceUncertainty): string {
  const factor = Math.exp(1.96 * gainLnSigma);
  const below = formatSignificant((1 - 1 / factor) * 100, 2);
  const above = formatSignificant((factor - 1) * 100, 2);
  return `Its joules are within -${below} % and +${above} % of the truth with 95 % probability (${citation}).`;
}
