import type { Clock } from "../clock.ts";
import { type Fault, refuseIdleFaults } from "./fault.ts";
import { type HostShape, type SimulatedHost, simulatedHost } from "./host.ts";
import { failingFiles } from "./live-file.ts";
import { msrTargets, msrTree } from "./msr-tree.ts";
import { preparePlace } from "./place.ts";
import { powercapTargets, powercapTree, type SimulatedTree } from "./powercap-tree.ts";
import { nanosecondsOf } from "./profile.ts";
import { millionths, wholeTimes } from "./ratio.ts";
import { type Truth, truthOf } from "./truth.ts";

export interface SimulationRequest {
  readonly window: "powercap" | "msr";
  readonly directory: string;
  readonly shape: HostShape;
  readonly faults: readonly Fault[];
  /** Mode of the files that hold counters. */
  readonly mode: number;
  /** Seconds of the simulated host in one second. */
  readonly speed: number;
  /** Seconds until it stops by itself, on the real clock; null: it does not. */
  readonly durationSeconds: number | null;
  /** Time between two updates of the files. */
  readonly tickMilliseconds: number;
  readonly clock: Clock;
  /** "/proc" and "/sys", whose failing files stand in for registers that fail. */
  readonly roots: { readonly proc: string; readonly sys: string };
}

export interface Simulation {
  /** Brings the files up to now and says what they have to add up to. */
  truth(): Truth;
  /** Resolves to the truth when the duration is over or it was stopped; the files stay as they were then. */
  readonly end: Promise<Truth>;
  stop(): void;
  /** False where EINVAL is asked for and nothing here gives it: then EISDIR stands in. */
  readonly hasEinval: boolean;
}

/**
 * Keeps the files of a simulated host moving until it is stopped. Throws INPUT_INVALID for a directory that it may not use and for a
 * fault that befalls nothing, and OUTPUT_FAILED where it cannot write.
 */
export function startSimulation(request: SimulationRequest): Simulation {
  const { clock, durationSeconds } = request;
  const isPowercap = request.window === "powercap";
  const host = simulatedHost(request.shape);
  refuseIdleFaults(request.faults, (kind) => (isPowercap ? powercapTargets(host) : msrTargets(host, kind)));
  preparePlace(request.directory);
  const failing = failingFiles(request.roots);
  const layTree = isPowercap ? powercapTree : msrTree;
  const tree = layTree({ ...request, host, failing });
  const startNs = clock.monotonicNs();
  const speed = millionths(request.speed);
  const durationNs = durationSeconds === null ? null : nanosecondsOf(durationSeconds);

  const elapsedNs = (): bigint => {
    const sinceStartNs = clock.monotonicNs() - startNs;
    return durationNs !== null && sinceStartNs > durationNs ? durationNs : sinceStartNs;
  };
  const update = (): void => advance(host, tree, wholeTimes(elapsedNs(), speed));
  const truth = (): Truth => {
    update();
    return truthOf(host, tree);
  };
  // Faults that hold from the start hold before anybody can look.
  tree.show(-1n, 0n);

  let finish: (result: Truth) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const end = new Promise<Truth>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const stop = (): void => {
    clearInterval(timer);
    try {
      finish(truth());
    } catch (error) {
      fail(error);
    }
    tree.close();
  };
  const timer = setInterval(() => {
    try {
      update();
    } catch (error) {
      clearInterval(timer);
      fail(error);
      return;
    }
    if (durationNs !== null && elapsedNs() >= durationNs) stop();
  }, request.tickMilliseconds);
  return { truth, end, stop, hasEinval: failing.einval !== null };
}

function advance(host: SimulatedHost, tree: SimulatedTree, atNs: bigint): void {
  const afterNs = host.elapsedNs();
  host.advanceTo(atNs);
  tree.show(afterNs, atNs);
}
