import type { LedgerVerification } from "../../ledger/index.ts";
import { labelledRows, type TextStyle, wrapText } from "./style.ts";

/** What `carbon-ops ledger verify` shows: the verdict, what it rests on, and what was not checked. */
export function verificationPage(
  file: string,
  findings: LedgerVerification,
  keyOrigin: string | null,
  width: number,
  style: TextStyle,
): string {
  const rows: (readonly [string, string])[] = [
    ["ledger", findings.ledgerId ?? "unknown"],
    ["lines", linesText(findings)],
    ["signed", signedText(findings, keyOrigin)],
  ];
  if (findings.root !== null) rows.push(["root", findings.root]);
  if (findings.tornTail !== null) rows.push(["torn tail", tornText(findings.tornTail.bytes)]);
  for (const { file: place, reason } of findings.checkpoints.problems) rows.push(["checkpoint", `${place}: ${reason}`]);
  for (const part of findings.checked) rows.push(["checked", part]);
  for (const part of findings.notChecked) rows.push(["not checked", part]);
  const headline = wrapText(`${verdict(findings)}: ${file}. ${explanation(findings)}`, width).join("\n");
  return `${coloured(headline, findings, style)}\n\n${labelledRows(rows, width, style)}`;
}

function verdict(findings: LedgerVerification): string {
  if (!findings.valid) return "NOT VALID";
  return findings.unsignedLines === 0 ? "Valid" : "Chain holds, author unproven";
}

function coloured(text: string, findings: LedgerVerification, style: TextStyle): string {
  if (!findings.valid) return style.bad(text);
  return findings.unsignedLines === 0 ? style.good(text) : style.caution(text);
}

function explanation(findings: LedgerVerification): string {
  const { firstBadLine: bad, lines, unsignedLines, namedKey } = findings;
  if (bad !== null)
    return `Line ${bad.line} (seq ${bad.seq}) is the first that is not as it was written: ${bad.reason}.`;
  if (!findings.valid) return "Every line is in order; what is wrong stands under checkpoint.";
  if (unsignedLines === 0) return `All ${count(lines, "line")} are as they were written and signed.`;
  if (findings.trust === "none") {
    return `Every line is in order, but no trusted key shows who wrote them; the ledger names ${namedKey ?? "none"}, which anybody could have put there. Get the key from its owner and name it with --key.`;
  }
  return `The last ${count(unsignedLines, "line")} ${unsignedLines === 1 ? "is" : "are"} not signed: being written at this moment, left by a crash, or added by somebody else. Opening the ledger for appending signs and notes what a crash left.`;
}

function linesText({ lines, firstBadLine }: LedgerVerification): string {
  return firstBadLine === null ? String(lines) : `${lines} before the first that may be bad`;
}

function signedText({ signedUpTo, signedBy, trust }: LedgerVerification, keyOrigin: string | null): string {
  if (signedBy === null) return "nothing that a trusted key vouches for";
  const why = trust === "checkpoint" ? "vouched for by the given checkpoint" : (keyOrigin ?? "");
  return `${signedUpTo === 1 ? "line 1" : `lines 1 to ${signedUpTo}`} by ${signedBy} (${why})`;
}

function tornText(bytes: number): string {
  return `${count(bytes, "byte")} after the last line: being written at this moment, or left by a crash; not part of the ledger`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
