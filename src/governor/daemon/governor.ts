import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { CarbonOpsError, messageOf } from "../../errors.ts";
import { type CpuInfo, parseCpuInfo } from "../../host/cpuinfo-text.ts";
import { readOptionalKernelFile } from "../../host/optional-kernel-file.ts";
import { type Identity, infoLine, snapshotLine, type TickStamp, warmingUpLine, windowLine } from "./answers.ts";
import { type Counter, openCounters } from "./counters.ts";
import { tickHistory } from "./history.ts";
import type { Log } from "./log.ts";
import { countedGaps, type Domain, type Meter, openMeter } from "./meter.ts";
import type { GovernorOptions } from "./options.ts";
import { type Polling, startPolling } from "./poller.ts";
import {
  bindSocket,
  dropPrivileges,
  inheritedSocket,
  makeStateDirectory,
  openWithPrivilege,
  type PrivilegedProcess,
} from "./privileged.ts";
import { type SocketServer, serve } from "./server.ts";
import { loadState, resume, type StateFile, savedDomainOf, stateFile, stateText } from "./state.ts";

/** What the daemon needs of the process that it is. */
export interface GovernorHost {
  readonly own: PrivilegedProcess;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Whether systemd handed over a listening socket. */
  readonly hasInheritedSocket: boolean;
  /** Called once, after the first tick: clients are served from now on. */
  onReady(): void;
}

export interface Governor {
  /** Looks for counters that appeared, and for replacements of those that cannot be read any more. */
  rediscover(): void;
  /** Saves the state and lets clients go. */
  stop(): void;
}

/** The state is saved this often; a restart reads what the counters did since. */
const saveEverySeconds = 5;

/**
 * Opens counters and socket, gives up root, resumes where an earlier governor stopped, and starts to poll. Throws
 * GOVERNOR_NO_COUNTERS, GOVERNOR_RUNNING, GOVERNOR_SOCKET_UNUSABLE or GOVERNOR_USER_UNUSABLE.
 */
export async function startGovernor(options: GovernorOptions, host: GovernorHost): Promise<Governor> {
  const { clock, log, own } = host;
  const cpu = cpuInfoOrNull(options.procRoot);
  const { counters: found, problems: unasked } = openCounters(options, cpu);
  const problems = openWithPrivilege(found);
  const isUsable = found.some((counter) => counter.counted && !problems.has(counter));
  if (!isUsable) {
    const why = whyNone(options, cpu, [...unasked, ...problems.values()]);
    if (!options.allowEmpty) throw noCounters(why);
    log("warn", "no_counters", `There is no energy to count: ${why}.`);
  }
  if (options.stateFile !== null) makeStateDirectory(options.stateFile, options.user, own);
  const server = options.disableIpc ? null : await socketFor(options, host);
  if (options.user !== null) {
    try {
      dropPrivileges(options.user, own);
    } catch (error) {
      // An open socket would keep a process alive that is still root.
      server?.close();
      throw error;
    }
  } else if (own.geteuid?.() === 0)
    log("warn", "still_root", "The governor stays root; --user NAME makes it give that up.");

  const pollIntervalNs = BigInt(Math.round(options.pollIntervalSeconds * 1e9));
  const begun = beginOrResume(options, host, found);
  const { identity, meter } = begun;
  const history = tickHistory(Math.ceil(options.historySeconds / options.pollIntervalSeconds) + 2);
  const startedNs = clock.monotonicNs();
  let tick: TickStamp | null = null;
  let line: string | null = null;
  let stateProblem: string | null = null;
  let polling: Polling | null = null;
  let sockets: SocketServer | null = null;

  const state: StateFile | null =
    options.stateFile === null
      ? null
      : stateFile(options.stateFile, (problem) => {
          const words =
            problem === null ? "is saved again" : `cannot be saved (${problem}): a restart will lose the totals`;
          const [level, event] =
            problem === null ? (["info", "state_saved_again"] as const) : (["warn", "state_not_saved"] as const);
          if (problem !== stateProblem) log(level, event, `The state in ${options.stateFile} ${words}.`);
          stateProblem = problem;
        });
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
    if (state === null || (gaps === savedGaps && Number(nowNs - savedNs) / 1e9 < saveEverySeconds)) return;
    // An id is on disk before a client hears it.
    if (savedNs === 0n) state.saveNow(currentState());
    else state.save(currentState());
    savedNs = nowNs;
    savedGaps = gaps;
  };

  const onTick = (): void => {
    const monotonicNs = clock.monotonicNs();
    logChanges(log, meter.read());
    tick = { sequence: (tick?.sequence ?? begun.sequence) + 1, wallMs: clock.wallMs(), monotonicNs };
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
        line ??= snapshotLine(identity, tick, options.pollIntervalSeconds, meter.domains);
        return line;
      },
      info: () => {
        const facts = {
          version: host.version,
          mode: options.mode,
          poll_interval_s: options.pollIntervalSeconds,
          history_s: options.historySeconds,
          uptime_s: Number(clock.monotonicNs() - startedNs) / 1e9,
          clients: sockets?.clientCount ?? 0,
          sequence: tick?.sequence ?? 0,
          state: { path: options.stateFile, problem: stateProblem },
        };
        return infoLine(identity, facts, polling, meter.domains);
      },
      window: (fromNs: bigint, toNs: bigint) => windowLine(identity, fromNs, toNs, history, meter.domains),
    };
    sockets = serve(server, answers, () => clock.monotonicNs(), pollIntervalNs);
  }
  polling = startPolling(options.pollIntervalSeconds, clock, onTick);
  log("info", "started", `Counting ${meter.domains.length} domains every ${options.pollIntervalSeconds} s.`, {
    governor_id: identity.governorId,
    resumed: begun.isResumed,
    domains: meter.domains.map(({ counter }) => counter.id),
    uid: own.getuid?.(),
  });
  host.onReady();
  return {
    rediscover: () => {
      const adopted = meter.adopt(openCounters(options, cpu).counters);
      log("info", "rediscovered", `${adopted.length} counters were taken in.`, {
        domains: adopted.map(({ counter }) => counter.id),
      });
    },
    stop: () => {
      polling.stop();
      sockets?.close();
      state?.saveNow(currentState());
      meter.close();
      log("info", "stopped", "The governor stopped.", { governor_id: identity.governorId });
    },
  };
}

interface Begun {
  readonly identity: Identity;
  readonly meter: Meter;
  /** Of the last tick that an earlier process can have served. */
  readonly sequence: number;
  readonly isResumed: boolean;
}

/** Goes on with the totals of an earlier process where nothing can have been lost since; otherwise starts at 0 with a new id. */
function beginOrResume(options: GovernorOptions, { clock, log }: GovernorHost, found: readonly Counter[]): Begun {
  const bootId = readOptionalKernelFile(join(options.procRoot, "sys", "kernel", "random", "boot_id")) || null;
  const monotonicNs = (): bigint => clock.monotonicNs();
  try {
    const saved = options.stateFile === null ? null : loadState(options.stateFile);
    if (saved !== null) {
      const nowNs = clock.monotonicNs();
      const { states, absent } = resume(saved, bootId, options.mode, nowNs, found);
      const meter = openMeter([...found, ...absent], states, monotonicNs);
      refuseLoss(meter);
      const intervalsSince = Math.ceil(Number(nowNs - saved.savedAtNs) / 1e9 / options.pollIntervalSeconds);
      const identity = { governorId: saved.governorId, bootId };
      return { identity, meter, sequence: saved.sequence + intervalsSince, isResumed: true };
    }
  } catch (error) {
    log("warn", "not_resumed", `The saved state is not continued: ${messageOf(error)}.`, {
      state_file: options.stateFile,
    });
  }
  const meter = openMeter(found, new Map(), monotonicNs);
  return { identity: { governorId: randomUUID(), bootId }, meter, sequence: 0, isResumed: false };
}

/** The first reading after a restart covers the time between: where a step of the host's energy is implausible, it is unknown. */
function refuseLoss(meter: Meter): void {
  const gapsBefore = new Map(meter.domains.map((domain) => [domain, domain.state.gaps]));
  meter.read();
  const isLost = meter.domains.some((domain) => {
    const { counter, problem, state } = domain;
    const hasNewGap = state.gaps > (gapsBefore.get(domain) ?? 0);
    // A reading that fails, and a counter that stands still, lose nothing yet: both go on from where they were.
    return counter.counted && problem === null && hasNewGap && !state.isFrozen;
  });
  if (isLost) throw new Error("a counter was reset, or may have gone round, since it was saved");
}

async function socketFor(options: GovernorOptions, host: GovernorHost) {
  if (host.hasInheritedSocket) return inheritedSocket();
  if ((options.socketMode & 0o006) !== 0) {
    host.log("warn", "open_socket", "Every user may connect; fast readers can spy on other programs (CVE-2020-8694).");
  }
  return bindSocket({ path: options.socketPath, group: options.socketGroup, mode: options.socketMode }, host.own);
}

function cpuInfoOrNull(proc: string): CpuInfo | null {
  return parseCpuInfo(readOptionalKernelFile(join(proc, "cpuinfo")) ?? "");
}

function whyNone(options: GovernorOptions, cpu: CpuInfo | null, problems: readonly string[]): string {
  const [problem] = problems;
  if (problem === "EACCES" || problem === "EPERM")
    return "only root may read the counters, and the governor is not root";
  const [place, module] =
    options.mode === "sysfs" ? [options.powercapRoot, "intel_rapl_msr"] : [options.msrRoot, "msr"];
  if (cpu?.isGuest === true) return `this virtual machine is offered none (${place} shows no RAPL counter)`;
  if (problem !== undefined && problem !== "ENOENT") {
    return `reading the counters fails (${[...new Set(problems)].join(", ")})`;
  }
  return `${place} shows no RAPL counter: the module is not loaded (sudo modprobe ${module}), or the processor has none`;
}

function noCounters(why: string): CarbonOpsError {
  return new CarbonOpsError(
    "GOVERNOR_NO_COUNTERS",
    `The governor has no energy to count because ${why}; ask \`carbon-ops doctor\`, or start it with --allow-empty.`,
  );
}

function logChanges(log: Log, changed: readonly Domain[]): void {
  for (const { counter, problem } of changed) {
    if (problem === null) log("info", "counter_back", `${counter.id} can be read again.`);
    else log("warn", "counter_unreadable", `${counter.id} (${counter.name}) cannot be read: ${problem}.`);
  }
}
