import type { LedgerVerification, Witnessing } from "../ledger/index.ts";
import type { Repair } from "../ledger/repairs.ts";
import type { InterruptedRotation } from "../ledger/verify-segments.ts";
import type { PlacedRepair, RememberedState, VerificationReport } from "./ledger-findings.ts";
import { printable } from "./terminal/style.ts";

/** The sentences of a verification, the same for the terminal and for a report. */

/** The verdict, and why, in one sentence or two: what people and programs read first. */
export function verificationHeadline(report: VerificationReport): string {
  return `${verdict(report)}: ${printable(report.path)}. ${explanation(report)}`;
}

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
  if (report.interruptedRotation !== null)
    rows.push(["rotation", rotationText(report.interruptedRotation, report.path)]);
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
  if (findings.segmentsBefore > 0) return "Signed, but not whole";
  return findings.witnesses.every(({ lines }) => lines > 0) ? "Valid" : "Signed, but not witnessed";
}

/** What the verdict rests on, or which line was touched first. */
export function explanation(findings: VerificationReport): string {
  const { firstBadLine: bad, unsignedLines, namedKey } = findings;
  if (bad !== null)
    return `Line ${bad.line} (seq ${bad.seq})${findings.badFile === null ? "" : ` of ${printable(findings.badFile)}`} is the first that is not as it was written: ${bad.reason}.`;
  if (!findings.valid) return problemText(findings);
  if (unsignedLines === 0 && findings.records === 0) return `${intactText(findings)} It holds no record yet.`;
  if (unsignedLines === 0) return intactText(findings);
  if (findings.interruptedRotation === "beginning" && unsignedLines === 1) {
    return `Every line is in order, but the first of the newest segment is not signed: a rotation was interrupted, or goes on at this moment. ${mendingText(findings.path)}.`;
  }
  if (findings.trust === "none" && findings.keyOrigin !== null && findings.path === "-") {
    return "Every line is in order, but no checkpoint comes through a pipe, so the key has nothing to vouch for. Give one that you kept with --checkpoint.";
  }
  if (findings.trust === "none") {
    return `Every line is in order, but no trusted key shows who wrote them; the ledger names ${namedKey ?? "none"}, which anybody could have put there. Get the key from its owner and name it with --key.`;
  }
  return `The last ${count(unsignedLines, "line")} ${unsignedLines === 1 ? "is" : "are"} not signed: being written at this moment, left by a crash, or added by somebody else. Opening the ledger for appending signs and notes what a crash left.`;
}

/** The first of what is wrong with checkpoints or with how segments go on. */
function problemText({ checkpoints: { problems } }: VerificationReport): string {
  const [first, ...others] = problems;
  if (first === undefined) return "Every line is in order, but its checkpoints are not.";
  const more =
    others.length === 0 ? "" : ` ${others.length} more ${others.length === 1 ? "stands" : "stand"} under checkpoint.`;
  return `Every line is in order, but ${printable(first.file)} does not hold: ${first.reason}.${more}`;
}

/** Lines that a writer found unsigned and then signed are not said to be his. */
function intactText({ lines, adoptedLines, segments, segmentsBefore }: VerificationReport): string {
  const place = segments.length > 1 ? ` of ${segments.length} segments` : "";
  const missing = segmentsBefore === 0 ? "" : ` It is segment ${segmentsBefore + 1} of a ledger: see not checked.`;
  if (lines === 1) return `Its only line is as it was written and signed.${missing}`;
  if (adoptedLines === 0) return `All ${lines} lines${place} are as they were written and signed.${missing}`;
  const some = adoptedLines === 1 ? "1 of them was" : `${adoptedLines} of them were`;
  return `All ${lines} lines${place} are as they were signed, but ${some} found unsigned first, so that nothing shows who wrote ${adoptedLines === 1 ? "it" : "them"}: see repair.${missing}`;
}

function rotationText(interrupted: InterruptedRotation, path: string): string {
  const what =
    interrupted === "sealing"
      ? "the segment has its new name and still its old one"
      : "the new segment is begun and not signed";
  return `interrupted, or going on at this moment: ${what}; nothing is lost. ${mendingText(path)}`;
}

function mendingText(path: string): string {
  return `The next append, or \`carbon-ops ledger checkpoint ${printable(path)} --sign\`, brings it to its end or takes it back`;
}

function repairText(repair: PlacedRepair): string {
  const { segmentFile } = repair;
  return `${segmentFile === null ? "" : `${printable(segmentFile)}: `}${ownRepairText(repair)}`;
}

function ownRepairText({ line, adopted, file, bytes }: Repair): string {
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

function stateText({ path, isMoved, isUnwritten, isRefused }: RememberedState): string {
  if (isUnwritten) return `${path} could not be written: this checkpoint is NOT remembered`;
  if (isRefused) return `${path} is kept as it was: the ledger does not go on from it, or does not hold`;
  return isMoved ? `${path} remembers this checkpoint from now on` : `${path} is kept as it was`;
}

function linesText({ lines, firstBadLine }: LedgerVerification): string {
  return firstBadLine === null ? String(lines) : `${lines} before the first that may be bad`;
}

/** Whose signature covers which lines. */
export function signedText({ signedUpTo, signedBy, trust, keyOrigin, segments }: VerificationReport): string {
  const why = trust === "checkpoint" ? "vouched for by the given checkpoint" : (keyOrigin ?? "");
  const signers = new Set(segments.flatMap((segment) => segment.signedBy ?? []));
  if (signers.size > 0)
    return `${count(signedUpTo, "line")} by ${[...signers].toReversed().join(", before it ")} (${why})`;
  if (signedBy === null) return "nothing that a trusted key vouches for";
  return `${signedUpTo === 1 ? "line 1" : `lines 1 to ${signedUpTo}`} by ${signedBy} (${why})`;
}

function tornText(bytes: number): string {
  return `${count(bytes, "byte")} after the last line: being written at this moment, or left by a crash; not part of the ledger`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
