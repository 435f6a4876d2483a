import { CarbonOpsError } from "../errors.ts";
import { nanosecondsOf } from "./profile.ts";

export const faultKinds = ["eio", "einval", "enoent", "eacces", "text", "stuck", "vanish", "reset"] as const;
/**
 * eio, einval: reading fails with that error. enoent: the file is gone. eacces: mode 0, which root and readers that hold it open do
 * not notice. text: the file holds words. stuck: the counter stands still for its readers. vanish: the zone is gone with all
 * that lies in it; from 0 on, it is a zone that comes late. reset: the counter starts at 0.
 */
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Zone or CPU that it befalls: "intel-rapl:0", "cpu0"; null: all. */
  readonly target: string | null;
  readonly fromNs: bigint;
  /** When it ends; null: never. */
  readonly untilNs: bigint | null;
}

/** Reads "eio@3+2=intel-rapl:0": kind, seconds until it starts, seconds that it lasts, and whom. Throws INPUT_INVALID. */
export function parseFault(text: string): Fault {
  const found = /^([a-z]+)@(\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?(?:=([\w:.-]+))?$/.exec(text);
  const kind = faultKinds.find((known) => known === found?.[1]);
  if (found === null || kind === undefined) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `"${text}" is no fault; write KIND@FROM[+SECONDS][=ZONE], as in eio@3+2=intel-rapl:0, with a kind of ${faultKinds.join(", ")}.`,
    );
  }
  const fromNs = nanosecondsOf(Number(found[2]));
  const untilNs = found[3] === undefined ? null : fromNs + nanosecondsOf(Number(found[3]));
  return { kind, target: found[4] ?? null, fromNs, untilNs };
}

/** @param targetsOf what a kind of fault can befall. Throws INPUT_INVALID for a fault whose target is not there. */
export function refuseIdleFaults(faults: readonly Fault[], targetsOf: (kind: FaultKind) => readonly string[]): void {
  for (const { kind, target } of faults) {
    const targets = targetsOf(kind);
    if (target === null || targets.includes(target)) continue;
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `A fault on "${target}" would befall nothing; here, ${kind} can befall ${targets.join(", ")}.`,
    );
  }
}

/** What hinders the readers of a file; null where nothing does. */
export type Hindrance = Exclude<FaultKind, "reset"> | null;

/** The first fault that is at work on a target now. */
export function hindranceAt(faults: readonly Fault[], target: string, atNs: bigint): Hindrance {
  for (const fault of faults) {
    if (fault.kind === "reset" || (fault.target !== null && fault.target !== target)) continue;
    if (fault.fromNs <= atNs && (fault.untilNs === null || atNs < fault.untilNs)) return fault.kind;
  }
  return null;
}

/** Whether a reset of the target falls into the time after `afterNs`, up to and with `untilNs`. */
export function resetBetween(faults: readonly Fault[], target: string, afterNs: bigint, untilNs: bigint): boolean {
  return faults.some(
    ({ kind, target: whom, fromNs }) =>
      kind === "reset" && (whom === null || whom === target) && afterNs < fromNs && fromNs <= untilNs,
  );
}
