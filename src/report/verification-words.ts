import type { LedgerVerification, Witnessing } from "../ledger/index.ts";
import type { Repair } from "../ledger/repairs.ts";
import type { VerificationReport } from "./ledger-findings.ts";
import { printable } from "./terminal/style.ts";

/** The sentences of a verification, the same for the terminal and for a report. */

/** Findings with what each is called. */
export function verificationRows(report: VerificationReport): readonly (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [
    ["ledger", report.ledgerId ?? "unknown"],
    ["lines", linesText(report)],
    ["hashed", `${report.hashedBytes} bytes in ${count(report.hashedLines, "line")}, every one anew`],
    ["signed", signedText(report)],
  ];
  for (const { file, lines, valid } of report.segments) {
    rows.push(["segment", `${printable(file)}: ${count(lines, "line")}, ${valid ? "holds" : "does NOT hold"}`]);
  }
  for (const witnessing of report.witnesses) rows.push(["witness", witnessText(witnessing)]);
  if (report.state !== null) rows.push(["state", stateText(report.state)]);
  if (report.unusedKey !== null) rows.push(["your key", `not used: ${report.unusedKey}`]);
  if (report.root !== null) rows.push(["root", report.root]);
  if (report.tornTail !== null) rows.push(["torn tail", tornText(report.tornTail.bytes)]);
  for (const repair of report.repairs) rows.push(["repair", repairText(repair)]);
  const unlisted = report.repairCount - report.repairs.length;
  if (unlisted > 0) rows.push(["repair", `and ${unlisted} more`]);
  for (const { file, reason } of report.checkpoints.problems) rows.push(["checkpoint", `${file}: ${reason}`]);
  for (const part of report.checked) rows.push(["checked", part]);
  for (const part of report.notChecked) rows.push(["not checked", part]);
  return rows;
}

/** In a few words: whether it holds, and who vouches for it. */
export function verdict(findings: VerificationReport): string {
  if (!findings.valid) return "NOT VALID";
  if (findings.unsignedLines > 0) return "Chain holds, author unproven";
  if (findings.records === 0) return "Nothing to vouch for";
  return findings.witnesses.every(({ lines }) => lines > 0) ? "Valid" : "Signed, but not witnessed";
}

/** What the verdict rests on, or which line was touched first. */
export function explanation(findings: VerificationReport): string {
  const { firstBadLine: bad, unsignedLines, namedKey } = findings;
  if (bad !== null)
    return `Line ${bad.line} (seq ${bad.seq})${findings.badFile === null ? "" : ` of ${printable(findings.badFile)}`} is the first that is not as it was written: ${bad.reason}.`;
  if (!findings.valid) return "Every line is in order; what is wrong stands under checkpoint.";
  if (unsignedLines === 0 && findings.records === 0) return `${intactText(findings)} It holds no record yet.`;
  if (unsignedLines === 0) return intactText(findings);
  if (findings.trust === "none") {
    return `Every line is in order, but no trusted key shows who wrote them; the ledger names ${namedKey ?? "none"}, which anybody could have put there. Get the key from its owner and name it with --key.`;
  }
  return `The last ${count(unsignedLines, "line")} ${unsignedLines === 1 ? "is" : "are"} not signed: being written at this moment, left by a crash, or added by somebody else. Opening the ledger for appending signs and notes what a crash left.`;
}

/** Lines that a writer found unsigned and then signed are not said to be his. */
function intactText({ lines, adoptedLines }: LedgerVerification): string {
  if (lines === 1) return "Its only line is as it was written and signed.";
  if (adoptedLines === 0) return `All ${lines} lines are as they were written and signed.`;
  const some = adoptedLines === 1 ? "1 of them was" : `${adoptedLines} of them were`;
  return `All ${lines} lines are as they were signed, but ${some} found unsigned first, so that nothing shows who wrote ${adoptedLines === 1 ? "it" : "them"}: see repair.`;
}

function repairText({ line, adopted, file, bytes }: Repair): string {
  if (adopted !== null) {
    const { firstLine, lastLine } = adopted;
    const lines = firstLine >= lastLine ? `line ${lastLine} was` : `lines ${firstLine} to ${lastLine} were`;
    return `line ${line} says that ${lines} found without a signature, left by a crash or added by somebody else`;
  }
  if (file === null) return `line ${line} tells of a repair that this version does not know`;
  return `line ${line} says that ${count(bytes ?? 0, "byte")} that a crash left were set aside in ${printable(file)}`;
}

function witnessText({ witness, lines, timestampSeconds }: Witnessing): string {
  if (timestampSeconds === null) return `${witness} has cosigned nothing of it`;
  const when = new Date(timestampSeconds * 1000);
  const time = Number.isNaN(when.getTime()) ? `${timestampSeconds} s after 1970` : when.toISOString();
  return `${witness} has seen ${count(lines, "line")} at ${time}`;
}

function stateText({ path, isMoved, isRefused }: NonNullable<VerificationReport["state"]>): string {
  if (isRefused) return `${path} is kept as it was: the ledger does not go on from it, or does not hold`;
  return isMoved ? `${path} remembers this checkpoint from now on` : `${path} is kept as it was`;
}

function linesText({ lines, firstBadLine }: LedgerVerification): string {
  return firstBadLine === null ? String(lines) : `${lines} before the first that may be bad`;
}

/** Whose signature covers which lines. */
export function signedText({ signedUpTo, signedBy, trust, keyOrigin }: VerificationReport): string {
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
