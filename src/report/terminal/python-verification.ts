import type { PythonVerification } from "../../ledger/python/verify-python.ts";
import { labelledRows, printable, type TextStyle, wrapText } from "./style.ts";

export interface PythonReport extends PythonVerification {
  /** The ledger as the user named it. */
  readonly path: string;
}

/** The verdict, and why, in one sentence or two. */
export function pythonHeadline(report: PythonReport): string {
  return `${verdict(report)}: ${printable(report.path)}. ${explanation(report)}`;
}

/** What `ledger verify --format python` shows: the verdict, what it rests on, and what the format cannot show. */
export function pythonVerificationPage(report: PythonReport, width: number, style: TextStyle): string {
  const rows: (readonly [string, string])[] = [
    ["format", "ledger of the Python original (carbon-ops 0.1)"],
    ["entries", String(report.entries) + (report.firstBadLine === null ? "" : " before the first bad line")],
    ["signed", signedText(report)],
  ];
  if (report.head !== null) rows.push(["head", `${report.head.entries}:${report.head.entryHash}`]);
  if (report.headProblem !== null) rows.push(["kept head", report.headProblem]);
  if (report.tornTail !== null)
    rows.push(["torn tail", `${report.tornTail.bytes} bytes of line ${report.tornTail.line}`]);
  if (report.nonFiniteCount > 0) rows.push(["not JSON", nonFiniteText(report)]);
  for (const warning of report.warnings) rows.push(["warning", warning]);
  const headline = wrapText(pythonHeadline(report), width).join("\n");
  return `${coloured(headline, report, style)}\n\n${labelledRows(rows, width, style)}`;
}

function verdict({ valid, trust }: PythonReport): string {
  if (!valid) return "NOT VALID";
  return trust === "key" ? "Valid" : "Chain holds, author unproven";
}

function coloured(text: string, { valid, trust }: PythonReport, style: TextStyle): string {
  if (!valid) return style.bad(text);
  return trust === "key" ? style.good(text) : style.caution(text);
}

function explanation({ firstBadLine, headProblem, entries, trust }: PythonReport): string {
  if (firstBadLine !== null)
    return `Line ${firstBadLine.line} is the first that is not as it was written: ${firstBadLine.reason}.`;
  if (headProblem !== null) return `Every line is in order, but the end that was kept does not fit: ${headProblem}.`;
  const all = entries === 1 ? "Its only entry links and verifies" : `All ${entries} entries link and verify`;
  return trust === "key"
    ? `${all}.`
    : `${all} under the key that the ledger itself names, which anybody could have put there.`;
}

function signedText({ signedBy, trust }: PythonReport): string {
  if (signedBy === null) return "nothing that verifies";
  return `${signedBy} (${trust === "key" ? "given with --key" : "named by the ledger itself"})`;
}

function nonFiniteText({ nonFiniteLines, nonFiniteCount }: PythonReport): string {
  const listed = nonFiniteLines.slice(0, 10).join(", ");
  const more = nonFiniteCount > 10 ? ` and ${nonFiniteCount - 10} more` : "";
  return `${nonFiniteCount === 1 ? "line" : "lines"} ${listed}${more}: NaN or an infinite number`;
}
