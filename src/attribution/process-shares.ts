/**
 * A host's energy shared among many consumers (processes or control groups), tick by tick:
 *
 *     host = idle + sum over consumers of marginal + exited + unattributed
 *
 * idle is the baseline's power over the time; a consumer's marginal joules are its share of the busy CPU time times what the
 * host drew above idle; exited are the marginal joules of consumers that are gone and left them to nobody; unattributed is what nobody's CPU clock
 * claims: the kernel's own work, what no clock saw, and everything in a tick without busy CPU time. The sum holds to rounding.
 *
 * Beside it each consumer has its proportional joules, in which idle power is spread over the busy: the same share of the
 * host's whole energy. The two answer different questions (what would be saved without it; who pays the whole bill).
 *
 * The host's busy time is counted by ticks of 10 ms, a consumer's precisely: where the consumers seem busier than their host,
 * they are held at the host's time in proportion, and the rest is carried into the next tick, as in `accumulator.ts`.
 */

export interface SharedTick {
  readonly durationSeconds: number;
  readonly hostJoules: number;
  /** CPU seconds that any process or the kernel of this host spent; steal and idle are not in it. */
  readonly hostBusyCpuSeconds: number;
  /** CPU seconds that each consumer spent in this tick, 0 or more. Consumers must not overlap. */
  readonly cpuSecondsByConsumer: ReadonlyMap<string, number>;
}

export interface ConsumerShare {
  readonly cpuSeconds: number;
  /** Its share of what the host drew above the idle baseline. */
  readonly marginalJoules: number;
  /** The same share of all that the host drew. */
  readonly proportionalJoules: number;
  /** CPU seconds that take part in the next tick's share. */
  readonly carriedCpuSeconds: number;
}

export interface ShareTotals {
  readonly durationSeconds: number;
  readonly hostJoules: number;
  readonly hostBusyCpuSeconds: number;
  /** Baseline power times time; above `hostJoules` when the host drew less than its baseline. */
  readonly idleJoules: number;
  readonly unattributedJoules: number;
  readonly consumers: ReadonlyMap<string, ConsumerShare>;
  /** Consumers that are gone and have no heir, summed up: however many there were, they take no more memory. */
  readonly exited: ConsumerShare & { readonly count: number };
}

const nothing: ConsumerShare = { cpuSeconds: 0, marginalJoules: 0, proportionalJoules: 0, carriedCpuSeconds: 0 };

export const noShares: ShareTotals = {
  durationSeconds: 0,
  hostJoules: 0,
  hostBusyCpuSeconds: 0,
  idleJoules: 0,
  unattributedJoules: 0,
  consumers: new Map(),
  exited: { ...nothing, count: 0 },
};

/** Totals after one more tick. A consumer that is not in the tick spent nothing. `idleWatts` is 0 where no baseline is known. */
export function addSharedTick(totals: ShareTotals, tick: SharedTick, idleWatts: number): ShareTotals {
  const idleJoules = idleWatts * tick.durationSeconds;
  const activeJoules = tick.hostJoules - idleJoules;
  const busySeconds = Math.max(0, tick.hostBusyCpuSeconds);
  const consumers = new Map(totals.consumers);
  for (const key of tick.cpuSecondsByConsumer.keys()) if (!consumers.has(key)) consumers.set(key, nothing);

  const spentBy = (key: string): number => Math.max(0, tick.cpuSecondsByConsumer.get(key) ?? 0);
  let claimedSeconds = 0;
  for (const [key, share] of consumers) claimedSeconds += spentBy(key) + share.carriedCpuSeconds;
  const grantedRatio = claimedSeconds > busySeconds ? busySeconds / claimedSeconds : 1;

  let attributedJoules = 0;
  for (const [key, share] of consumers) {
    const claim = spentBy(key) + share.carriedCpuSeconds;
    const ofBusy = busySeconds > 0 ? (claim * grantedRatio) / busySeconds : 0;
    attributedJoules += activeJoules * ofBusy;
    consumers.set(key, {
      cpuSeconds: share.cpuSeconds + spentBy(key),
      marginalJoules: share.marginalJoules + activeJoules * ofBusy,
      proportionalJoules: share.proportionalJoules + tick.hostJoules * ofBusy,
      carriedCpuSeconds: Math.min(claim * (1 - grantedRatio), spentBy(key)),
    });
  }
  return {
    durationSeconds: totals.durationSeconds + tick.durationSeconds,
    hostJoules: totals.hostJoules + tick.hostJoules,
    hostBusyCpuSeconds: totals.hostBusyCpuSeconds + busySeconds,
    idleJoules: totals.idleJoules + idleJoules,
    unattributedJoules: totals.unattributedJoules + activeJoules - attributedJoules,
    consumers,
    exited: totals.exited,
  };
}

/** Where the joules of consumers that are gone go. */
export interface Departures {
  readonly isAlive: (key: string) => boolean;
  /** The living consumer that inherits from one that is gone, as a parent does from a child it waited for; null: nobody. */
  readonly heirOf: (key: string) => string | null;
}

/** Moves the consumers that are gone into their heirs, and those without one into `exited`. */
export function foldExited(totals: ShareTotals, { isAlive, heirOf }: Departures): ShareTotals {
  const consumers = new Map([...totals.consumers].filter(([key]) => isAlive(key)));
  let { exited } = totals;
  for (const [key, share] of totals.consumers) {
    if (isAlive(key)) continue;
    const heirKey = heirOf(key);
    const heir = heirKey === null ? undefined : consumers.get(heirKey);
    if (heirKey !== null && heir !== undefined) consumers.set(heirKey, sumOf(heir, share));
    else exited = { ...sumOf(exited, share), count: exited.count + 1 };
  }
  return { ...totals, consumers, exited };
}

/** A carry belongs to the clock of the one that is alive. */
function sumOf(alive: ConsumerShare, gone: ConsumerShare): ConsumerShare {
  return {
    cpuSeconds: alive.cpuSeconds + gone.cpuSeconds,
    marginalJoules: alive.marginalJoules + gone.marginalJoules,
    proportionalJoules: alive.proportionalJoules + gone.proportionalJoules,
    carriedCpuSeconds: alive.carriedCpuSeconds,
  };
}

/** host - (idle + consumers + exited + unattributed): 0 to rounding, whatever was added. */
export function conservationResidueJoules(totals: ShareTotals): number {
  let parts = totals.idleJoules + totals.unattributedJoules + totals.exited.marginalJoules;
  for (const { marginalJoules } of totals.consumers.values()) parts += marginalJoules;
  return totals.hostJoules - parts;
}
