import { formatGrams, formatSignificant } from "../../units.ts";
import { printable, type TextStyle, wrapText } from "./style.ts";

/** What a settlement of a ledger did, or would do. */
export interface SettlementReport {
  readonly path: string;
  readonly isDryRun: boolean;
  readonly isOffline: boolean;
  /** Providers in the order they were asked. */
  readonly providers: readonly string[];
  /** Estimates that count in this ledger, however often they were restated. */
  readonly estimateCount: number;
  readonly restated: readonly RestatedEstimate[];
  /** Estimates of which a kind could be asked of no service: key, network, or an answer that is none. */
  readonly unreachedCount: number;
  /** What the ledger was held against before: its own chain, or its checkpoints and the key that signs them. */
  readonly verifiedAgainst: "chain" | "key";
  /** The others, by what kept them as they are. */
  readonly kept: readonly KeptEstimates[];
}

export interface RestatedEstimate {
  /**
   * Number of the first record, of the one that counted until now, and of the new one (null where nothing was written). Numbers
   * begin anew in each segment.
   */
  readonly restatesSeq: number;
  readonly replacesSegment: number;
  readonly replacesSeq: number;
  readonly segment: number | null;
  readonly seq: number | null;
  readonly lineHash: string | null;
  readonly region: string;
  readonly oldGrams: number;
  readonly newGrams: number;
  readonly differenceGrams: number;
  readonly oldIntensityGPerKwh: number;
  readonly newIntensityGPerKwh: number;
  readonly reason: string;
}

export interface KeptEstimates {
  readonly outcome: string;
  readonly reason: string;
  readonly count: number;
}

export function settlementPage(report: SettlementReport, width: number, style: TextStyle): string {
  const { restated, kept, estimateCount, isDryRun } = report;
  const done = isDryRun ? "would be restated" : "restated";
  const heading = `${restated.length} of ${estimateCount} ${estimateCount === 1 ? "estimate" : "estimates"} ${done}`;
  const offline = report.isOffline ? ", offline: stored and packaged values alone" : "";
  return [
    `${style.strong(heading)} in ${printable(report.path)}\n`,
    style.faint(`asked: ${report.providers.join(", ")}${offline}\n`),
    ...(report.verifiedAgainst === "chain"
      ? wrapText("The chain of lines holds; it was not verified against a key.", width).map((line) => `${line}\n`)
      : []),
    ...restated.flatMap((estimate) => restatedLines(estimate, width)),
    ...(kept.length > 0 ? [`\n${style.strong("Left as they are")}\n`] : []),
    ...kept.flatMap(({ count, reason }) => indented(String(count).padStart(7), reason, width)),
  ].join("");
}

function restatedLines(restated: RestatedEstimate, width: number): readonly string[] {
  const { restatesSeq, segment, seq, replacesSegment, oldGrams, newGrams, differenceGrams } = restated;
  const sign = differenceGrams < 0 ? "-" : "+";
  // In a ledger that was rotated a number alone says little.
  const isRotated = replacesSegment > 1 || (segment ?? 1) > 1;
  const replaced = isRotated ? `of segment ${replacesSegment}, ` : "";
  const next =
    seq === null ? "" : `${isRotated ? "now " : ""}record ${seq}${isRotated ? ` of segment ${segment}` : ""}, `;
  const where = `${replaced}${next}`;
  const intensities = `${formatSignificant(restated.oldIntensityGPerKwh)} to ${formatSignificant(restated.newIntensityGPerKwh)} g/kWh`;
  const change = `${formatGrams(oldGrams)} to ${formatGrams(newGrams)} CO2e (${sign}${formatGrams(Math.abs(differenceGrams))}), ${intensities}; ${where}${printable(restated.reason)}`;
  return indented(String(restatesSeq).padStart(7), change, width);
}

function indented(label: string, text: string, width: number): readonly string[] {
  return wrapText(text, Math.max(20, width - 9)).map(
    (line, index) => `${index === 0 ? label : " ".repeat(label.length)}  ${line}\n`,
  );
}
