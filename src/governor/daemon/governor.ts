import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { type CpuIdentity, parseCpuIdentity } from "../../host/cpu-identity.ts";
import { readOptionalKernelFile } from "../../host/optional-kernel-file.ts";
import { messageOf } from "../../thrown.ts";
import { infoLine, snapshotLine, type TickStamp, warmingUpLine, windowLine } from "./answers.ts";
import { type Counter, openCounters, problemOf } from "./counters.ts";
import { tickHistory } from "./history.ts";
import type { Log } from "./log.ts";
import { countedGaps, type Domain, type Meter, openMeter } from "./meter.ts";
import { type GovernorOptions, governorFlags } from "./options.ts";
import { type Polling, startPolling } from "./poller.ts";
import {
  bindSocket,
  claimState,
  dropPrivileges,
  inheritedSocket,
  makeStateDirectory,
  type PrivilegedProcess,
} from "./privileged.ts";
import { type SocketServer, serve } from "./server.ts";
import { StartError } from "./start-error.ts";
import { loadState, resume, savedDomainOf, stateFile, stateText } from "./state.ts";

/** What the daemon needs of the process that it is. */
export interface GovernorHost {
  readonly own: PrivilegedProcess;
  readonly clock: Clock;
  /** Seconds since the boot, those asleep included. */
  uptimeSeconds(): number;
  readonly log: Log;
  readonly version: string;
  /** Whether systemd handed over a listening socket. */
  readonly hasInheritedSocket: boolean;
  /** Called once, after the first tick: clients are served from now on. */
  onReady(): void;
}

/** The state is saved this often; a restart reads what the counters did since. */
const saveEveryNs = 5_000_000_000n;

/**
 * Opens counters and socket, gives up root, resumes where an earlier governor stopped, and starts to poll. Throws
 * GOVERNOR_NO_COUNTERS, GOVERNOR_RUNNING, GOVERNOR_SOCKET_UNUSABLE or GOVERNOR_USER_UNUSABLE.
 */
export async function startGovernor(options: GovernorOptions, host: GovernorHost) {
  const { clock, log } = host;
  const { pollIntervalSeconds, stateFile: statePath } = options;
  const cpu = parseCpuIdentity(readOptionalKernelFile(join(options.procRoot, "cpuinfo")) ?? "");
  const found = openUsableCounters(options, cpu, log);
  const { server, claim } = await bindAndGiveUpRoot(options, host);
  const { identity, meter, lastSequence, isResumed } = beginOrResume(options, host, found);
  const history = tickHistory(Math.ceil(options.historySeconds / pollIntervalSeconds) + 2);
  const startedNs = clock.monotonicNs();
  let tick: TickStamp | null = null;
  let line: string | null = null;
  let stateProblem: string | null = null;
  let polling: Polling | null = null;
  let sockets: SocketServer | null = null;

  const onStateProblem = (problem: string | null): void => {
    // Said once, though the words may change: each way of writing names its own file.
    const isKnown = (problem === null) === (stateProblem === null);
    stateProblem = problem;
    if (isKnown) return;
    if (problem === null) log("info", "state_saved_again", `The state in ${statePath} is saved again.`);
    else {
      const words = `cannot be saved (${problem}): a restart will lose the totals`;
      log("warn", "state_not_saved", `The state in ${statePath} ${words}.`);
    }
  };
  const state = statePath === null ? null : stateFile(statePath, onStateProblem);
  const currentState = (): string =>
    stateText({
      governorId: identity.governorId,
      bootId: identity.bootId ?? "",
      mode: options.mode,
      sequence: tick?.sequence ?? 0,
      savedAtNs: tick?.monotonicNs ?? startedNs,
      domains: meter.domains.map(savedDomainOf),
    });
  let savedNs = 0n;
  let savedGaps = 0;
  const saveIfDue = (nowNs: bigint, gaps: number): void => {
    // A gap is saved at once: a restart must not add what this process has left out.
    if (state === null || (gaps === savedGaps && nowNs - savedNs < saveEveryNs)) return;
    // An id is on disk before a client hears it.
    if (savedNs === 0n) state.saveNow(currentState());
    else state.save(currentState());
    savedNs = nowNs;
    savedGaps = gaps;
  };

  const hasSlept = sleepWatch(host);
  const onTick = (): void => {
    const monotonicNs = clock.monotonicNs();
    if (hasSlept()) {
      meter.breakOff();
      log("warn", "slept", "The machine was suspended: what it used meanwhile is a gap.");
    }
    for (const domain of meter.read()) logProblem(log, domain);
    tick = { sequence: (tick?.sequence ?? lastSequence) + 1, wallMs: clock.wallMs(), monotonicNs };
    line = null;
    const gaps = countedGaps(meter.domains);
    const counts = meter.domains.map((domain) => domain.state.counts);
    history.push(monotonicNs, counts, gaps);
    saveIfDue(monotonicNs, gaps);
    sockets?.afterTick(monotonicNs);
  };

  if (server !== null) {
    const answers = {
      snapshot: () => {
        if (tick === null) return warmingUpLine;
        line ??= snapshotLine(identity, tick, pollIntervalSeconds, meter.domains);
        return line;
      },
      info: () => {
        const facts = {
          version: host.version,
          mode: options.mode,
          poll_interval_s: pollIntervalSeconds,
          history_s: options.historySeconds,
          uptime_s: Number(clock.monotonicNs() - startedNs) / 1e9,
          clients: sockets?.clientCount() ?? 0,
          sequence: tick?.sequence ?? 0,
          state: { path: statePath, problem: stateProblem },
        };
        return infoLine(identity, facts, polling, meter.domains);
      },
      window: (fromNs: bigint, toNs: bigint) => windowLine(identity, [fromNs, toNs], history, meter.domains),
    };
    sockets = serve(server, answers, clock, pollIntervalSeconds);
  }
  polling = startPolling(pollIntervalSeconds, clock, onTick);
  log("info", "started", `Counting ${meter.domains.length} domains every ${pollIntervalSeconds} s.`, {
    governor_id: identity.governorId,
    resumed: isResumed,
    domains: idsOf(meter.domains),
    uid: host.own.getuid?.(),
  });
  host.onReady();
  return {
    /** Looks for counters that appeared, and for replacements of those that cannot be read any more. */
    rediscover: (): void => {
      const adopted = meter.adopt(openCounters(options, cpu).counters);
      log("info", "rediscovered", `${adopted.length} counters were taken in.`, { domains: idsOf(adopted) });
    },
    /** Saves the state and lets clients go. */
    stop: (): void => {
      polling.stop();
      sockets?.close();
      state?.saveNow(currentState());
      claim?.close();
      meter.close();
      log("info", "stopped", "The governor stopped.", { governor_id: identity.governorId });
    },
  };
}

/** Reads every counter once, as root. Throws GOVERNOR_NO_COUNTERS where none of those that make up the host's energy can be. */
function openUsableCounters(options: GovernorOptions, cpu: CpuIdentity | null, log: Log): readonly Counter[] {
  const { counters, problems: unasked } = openCounters(options, cpu);
  // What a first reading opens stays open.
  const problems = counters.map(problemOf);
  if (counters.some(({ counted }, index) => counted && problems[index] === null)) return counters;
  const why = whyNone(options, cpu, [...unasked, ...problems.filter((problem) => problem !== null)]);
  if (!options.allowEmpty) {
    const remedy = "ask `carbon-ops doctor`, or start it with --allow-empty";
    throw new StartError("GOVERNOR_NO_COUNTERS", `The governor has no energy to count because ${why}; ${remedy}.`);
  }
  log("warn", "no_counters", `There is no energy to count: ${why}.`);
  return counters;
}

function whyNone(options: GovernorOptions, cpu: CpuIdentity | null, problems: readonly string[]) {
  const { mode, powercapRoot, msrRoot } = options;
  const [problem = "ENOENT"] = problems;
  const flag = mode === "sysfs" ? "powercap-root" : "msr-root";
  const [place, module] = mode === "sysfs" ? [powercapRoot, "intel_rapl_msr"] : [msrRoot, "msr"];
  if (problem === "EACCES" || problem === "EPERM")
    return "only root may read the counters, and the governor is not root";
  const isThere = existsSync(place);
  if (cpu?.isGuest === true && (isThere || place === governorFlags[flag]))
    return `this virtual machine is offered none (${place} shows no RAPL counter)`;
  if (problem !== "ENOENT") return `reading the counters fails (${[...new Set(problems)].join(", ")})`;
  const found = isThere ? "shows no RAPL counter:" : `does not exist: --${flag} is wrong,`;
  return `${place} ${found} the module is not loaded (sudo modprobe ${module}), or the processor has none`;
}

/** The last that is done as root; then the state file is claimed. */
async function bindAndGiveUpRoot(options: GovernorOptions, { own, log, hasInheritedSocket }: GovernorHost) {
  if (options.stateFile !== null) makeStateDirectory(options.stateFile, options.user, own);
  if (!options.disableIpc && !hasInheritedSocket && (options.socketMode & 0o006) !== 0)
    log("warn", "open_socket", "Every user may connect; fast readers can spy on other programs (CVE-2020-8694).");
  const bind = hasInheritedSocket ? inheritedSocket : () => bindSocket(options, own);
  const server = options.disableIpc ? null : await bind();
  try {
    if (options.user !== null) dropPrivileges(options.user, own);
    else if (own.geteuid?.() === 0)
      log("warn", "still_root", "The governor stays root; --user NAME makes it give that up.");
    return { server, claim: await claimOrWarn(options.stateFile, own, log) };
  } catch (error) {
    // An open socket would keep a process alive that is still root.
    server?.close();
    throw error;
  }
}

/** A state file that cannot be claimed cannot be written either, as a rule: that is said again when it is. */
async function claimOrWarn(statePath: string | null, own: PrivilegedProcess, log: Log): Promise<Server | null> {
  try {
    return statePath === null ? null : await claimState(statePath, own);
  } catch (error) {
    if (error instanceof StartError) throw error;
    log("warn", "state_not_claimed", `A second governor on ${statePath} would not be noticed: ${messageOf(error)}.`);
    return null;
  }
}

/**
 * Whether the machine was suspended for half a second or more since the last call. Then CLOCK_MONOTONIC stood still, but the uptime went on
 * (clock_gettime(2), CLOCK_BOOTTIME). It is asked only when the wall clock has jumped, as it does after a suspend.
 */
function sleepWatch(host: GovernorHost): () => boolean {
  const aheadOfMonotonic = (seconds: number): number => seconds - Number(host.clock.monotonicNs()) / 1e9;
  let wall = aheadOfMonotonic(host.clock.wallMs() / 1000);
  let uptime = aheadOfMonotonic(host.uptimeSeconds());
  return () => {
    const [wallBefore, uptimeBefore] = [wall, uptime];
    wall = aheadOfMonotonic(host.clock.wallMs() / 1000);
    if (Math.abs(wall - wallBefore) >= 0.5) uptime = aheadOfMonotonic(host.uptimeSeconds());
    return uptime - uptimeBefore >= 0.5;
  };
}

/** Goes on with the totals of an earlier process where nothing can have been lost since; otherwise starts at 0 with a new id. */
function beginOrResume(options: GovernorOptions, { clock, log }: GovernorHost, found: readonly Counter[]) {
  const bootId = readOptionalKernelFile(join(options.procRoot, "sys", "kernel", "random", "boot_id")) || null;
  try {
    const saved = options.stateFile === null ? null : loadState(options.stateFile);
    if (saved !== null) {
      const nowNs = clock.monotonicNs();
      const { counters, states } = resume(saved, bootId, options.mode, nowNs, found);
      const meter = openMeter(counters, states, clock);
      refuseLoss(meter);
      // Of the last tick that the earlier process can have served.
      const intervalsSince = Math.ceil(Number(nowNs - saved.savedAtNs) / 1e9 / options.pollIntervalSeconds);
      const lastSequence = saved.sequence + intervalsSince;
      return { identity: { governorId: saved.governorId, bootId }, meter, lastSequence, isResumed: true };
    }
  } catch (error) {
    const details = { state_file: options.stateFile };
    log("warn", "not_resumed", `The saved state is not continued: ${messageOf(error)}.`, details);
  }
  const meter = openMeter(found, new Map(), clock);
  return { identity: { governorId: randomUUID(), bootId }, meter, lastSequence: 0, isResumed: false };
}

/** The first reading after a restart covers the time between: where a step of the host's energy is implausible, it is unknown. */
function refuseLoss(meter: Meter): void {
  meter.read();
  const isLost = meter.domains.some(({ counter, problem, state, before }) => {
    // A reading that fails, and a counter that stands still, lose nothing yet: both go on from where they were.
    return counter.counted && problem === null && state.gaps > before.gaps && !state.isFrozen;
  });
  if (isLost) throw new Error("a counter was reset, or may have gone round, since it was saved");
}

function idsOf(domains: readonly Domain[]): string[] {
  return domains.map(({ counter }) => counter.id);
}

function logProblem(log: Log, { counter, problem }: Domain): void {
  if (problem === null) log("info", "counter_back", `${counter.id} can be read again.`);
  else log("warn", "counter_unreadable", `${counter.id} (${counter.name}) cannot be read: ${problem}.`);
}
