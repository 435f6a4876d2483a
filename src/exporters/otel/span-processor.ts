import { AsyncResource } from "node:async_hooks";
import type { TaskFigures } from "../../monitor/task-figures.ts";
import type { SpanLike, SpanProcessorLike } from "./open-telemetry-api.ts";
import { spanAttributes, withAttributes } from "./span-attributes.ts";
import type { SpanTask, SpanTasks } from "./span-tasks.ts";
import type { TaskSource } from "./task-source.ts";
import type { Telemetry } from "./telemetry.ts";

/** How many spans are held, for how long, and how many are handed on at once, so that the queue of the next processor does not overflow. */
const limits = { spans: 8192, heldMs: 5000, lookMs: 100, atOnce: 512, flushMs: 2000, settleMs: 500 } as const;

interface HeldSpan {
  readonly span: SpanLike;
  readonly spanTask: SpanTask;
  readonly endedMs: number;
}

export interface EnergySpanProcessor extends SpanProcessorLike {
  /** Spans that were handed on before their energy was settled: too many were held, or it took too long. */
  readonly forwardedEarly: number;
}

interface Parts {
  readonly next: SpanProcessorLike;
  readonly spans: SpanTasks;
  readonly telemetry: Telemetry;
  readonly logger: TaskSource;
  /** Milliseconds of a monotonic clock. */
  readonly nowMs: () => number;
  /** A span has ended, and no context manager of ours told whose code ran. */
  readonly onUnfollowed: () => void;
}

/**
 * Holds spans that have ended until the energy of their last second is known, and hands them on with it, in the order of their ends. A span in
 * whose context no code ran is handed on at once, as it is: of what it used nothing is known.
 */
export function energySpanProcessor({
  next,
  spans,
  telemetry,
  logger,
  nowMs,
  onUnfollowed,
}: Parts): EnergySpanProcessor {
  const held: HeldSpan[] = [];
  let timer: NodeJS.Timeout | null = null;
  let forwardedEarly = 0;
  let hasAsked = false;
  let isAsking = false;

  /** Grams need an estimate, which comes with an interval: the first spans do not wait for its usual end. */
  const askForInterval = async (): Promise<void> => {
    hasAsked = true;
    isAsking = true;
    await logger.flush({ timeoutMs: limits.flushMs }).catch(() => undefined);
    isAsking = false;
  };
  const lacksEstimate = (): boolean => telemetry.reference === null && !hasAsked;
  const isWhole = (figures: TaskFigures): boolean => {
    if (!figures.isSettled || figures.marginalJoules === null) return false;
    if (lacksEstimate()) void askForInterval();
    return !isAsking;
  };
  const forward = (span: SpanLike, figures: TaskFigures | null): void => {
    if (figures?.isSettled === false) forwardedEarly += 1;
    try {
      next.onEnd(figures === null ? span : withAttributes(span, spanAttributes(figures, telemetry)));
    } catch {
      // From a timer, an error of the next processor would end the application.
    }
  };
  const forwardOldest = (): void => {
    const oldest = held.shift();
    if (oldest !== undefined) forward(oldest.span, oldest.spanTask.task.figures());
  };
  const look = (): void => {
    let count = 0;
    for (const { span, spanTask, endedMs } of held) {
      const figures = spanTask.task.figures();
      const isDue = figures === null || isWhole(figures) || nowMs() - endedMs >= limits.heldMs;
      if (!isDue || count === limits.atOnce) break;
      count += 1;
      forward(span, figures);
    }
    held.splice(0, count);
    if (held.length === 0) stopLooking();
  };
  const stopLooking = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  const hold = (span: HeldSpan): void => {
    if (held.length >= limits.spans) forwardOldest();
    held.push(span);
    timer ??= startLooking();
  };
  /** Outside the span that happens to end. */
  const startLooking = AsyncResource.bind(() => setInterval(look, limits.lookMs).unref());
  /** A reading now makes most figures whole at once; a governor's arrives a little later. */
  const forwardAll = async (): Promise<void> => {
    if (held.length === 0) return;
    if (lacksEstimate()) await askForInterval();
    else logger.taskReport();
    const untilMs = nowMs() + limits.settleMs;
    // The one that ended last is settled last.
    while (held.at(-1)?.spanTask.task.figures()?.isSettled === false && nowMs() < untilMs) {
      await delay(limits.lookMs / 2);
    }
    while (held.length > 0) forwardOldest();
    stopLooking();
  };

  return {
    get forwardedEarly() {
      return forwardedEarly;
    },
    onStart(span, parentContext) {
      spans.start(span, parentContext);
      next.onStart(span, parentContext);
    },
    onEnding(span) {
      next.onEnding?.(span);
    },
    onEnd(span) {
      const spanTask = spans.end(span);
      if (!spans.isFollowing) onUnfollowed();
      if (spanTask === null || !spanTask.hasRun) next.onEnd(span);
      else hold({ span, spanTask, endedMs: nowMs() });
    },
    async forceFlush() {
      await forwardAll();
      await next.forceFlush();
    },
    async shutdown() {
      await forwardAll();
      await next.shutdown();
    },
  };
}

async function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
