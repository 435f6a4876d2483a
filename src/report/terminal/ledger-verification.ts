import type { VerificationReport } from "../ledger-findings.ts";
import { verdict, verificationHeadline, verificationRows } from "../verification-words.ts";
import { labelledRows, type TextStyle, wrapText } from "./style.ts";

/** What `carbon-ops ledger verify` shows: the verdict, what it rests on, and what was not checked. */
export function verificationPage(report: VerificationReport, width: number, style: TextStyle): string {
  const headline = wrapText(verificationHeadline(report), width).join("\n");
  return `${coloured(headline, report, style)}\n\n${labelledRows(verificationRows(report), width, style)}`;
}

function coloured(text: string, findings: VerificationReport, style: TextStyle): string {
  if (!findings.valid) return style.bad(text);
  return verdict(findings) === "Valid" ? style.good(text) : style.caution(text);
}
