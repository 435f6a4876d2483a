import { Worker } from "node:worker_threads";
import type { BlockFindings } from "./block.ts";
import type { RecordCheck } from "./block-lines.ts";
import { type BlockAnswer, type BlockTask, bufferBytesFor, examineRange } from "./block-worker.ts";

/** How the blocks of a file are looked at. */
export interface BlockPlan {
  readonly descriptor: number;
  /** Offset of the first line that is looked at; 0 unless said. */
  readonly start?: number;
  /** Bytes that are looked at; lines that begin before it. */
  readonly end: number;
  readonly isDeep: boolean;
  readonly checkRecord: RecordCheck | null;
  readonly threads: number;
  /** Whether somebody has asked for that many; else they are started where the work is certain to take longer than that. */
  readonly areThreadsAskedFor?: boolean;
  /** Where a thread starts: a module that calls `answerBlockTasks` with the same check. Null: there is none. */
  readonly threadModule: URL | null;
}

/** Memory of a thread is little more than this. */
const blockBytes = 1 << 22;
/** Where parsing takes longer than hashing, smaller blocks share the work better; and the program's own thread has other work. */
const smallBlockBytes = 1 << 20;
/**
 * A thread that starts takes a fifth of a second of processor time until it is as fast as it gets: as long as hashing so many
 * bytes, or parsing so many.
 */
const worthwhileBytes = 1 << 27;
const deepWorthwhileBytes = 1 << 24;
/** Below this not even threads that somebody has asked for are started. */
const smallestShared = 1 << 24;
const smallestDeepShared = 1 << 21;

/** The blocks of a file in order. A block that cannot be read ends them: the careful walk meets the same error. */
export async function* fileBlocks(plan: BlockPlan): AsyncGenerator<BlockFindings, void, undefined> {
  const { end, threads, threadModule, isDeep, areThreadsAskedFor = false } = plan;
  const [asked, unasked] = isDeep ? [smallestDeepShared, deepWorthwhileBytes] : [smallestShared, worthwhileBytes];
  const isWorthwhile = end >= (areThreadsAskedFor ? asked : unasked);
  if (threads > 1 && threadModule !== null && isWorthwhile) yield* blocksFromThreads(plan, threadModule);
  else yield* blocksFromHere(plan);
}

function* tasksOf(plan: BlockPlan, step: number): Generator<BlockTask, void, undefined> {
  const { descriptor, end, isDeep } = plan;
  for (let start = plan.start ?? 0; start < end; start += step) {
    yield { descriptor, start, end: Math.min(end, start + step), isDeep };
  }
}

async function* blocksFromHere(plan: BlockPlan): AsyncGenerator<BlockFindings, void, undefined> {
  let buffer: Buffer | null = null;
  for (const task of tasksOf(plan, smallBlockBytes)) {
    buffer ??= Buffer.allocUnsafeSlow(bufferBytesFor(task));
    let findings: BlockFindings;
    try {
      findings = examineRange(task, buffer, plan.checkRecord);
    } catch {
      return;
    }
    yield findings;
    // Timers and streams of the program have their turn.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Threads are ahead of the reader by two blocks each, so that memory stays bounded. */
async function* blocksFromThreads(plan: BlockPlan, module: URL): AsyncGenerator<BlockFindings, void, undefined> {
  const pool = Array.from({ length: plan.threads }, () => new BlockThread(module));
  const waiting: Promise<BlockAnswer>[] = [];
  const tasks = tasksOf(plan, plan.isDeep ? smallBlockBytes : blockBytes);
  let next = 0;
  const ask = (): void => {
    const task = tasks.next();
    if (task.done === true) return;
    const answer = pool[next % pool.length]?.ask(task.value);
    next += 1;
    if (answer !== undefined) waiting.push(answer);
  };
  try {
    for (let ahead = 0; ahead < 2 * pool.length; ahead += 1) ask();
    for (let answer = waiting.shift(); answer !== undefined; answer = waiting.shift()) {
      const block = await answer;
      ask();
      if ("error" in block) return;
      yield block.findings;
    }
  } finally {
    await Promise.all(pool.map((thread) => thread.end()));
  }
}

/** A thread answers in the order in which it was asked. One that ends early answers everything with an error. */
class BlockThread {
  readonly #worker: Worker;
  readonly #pending: ((answer: BlockAnswer) => void)[] = [];
  #failure: string | null = null;

  constructor(module: URL) {
    this.#worker = new Worker(module, { stdout: false, stderr: false });
    this.#worker.on("message", (answer: BlockAnswer) => this.#pending.shift()?.(answer));
    this.#worker.on("error", (error) => this.#fail(String(error)));
    this.#worker.on("exit", () => this.#fail("the thread has ended"));
  }

  async ask(task: BlockTask): Promise<BlockAnswer> {
    if (this.#failure !== null) return { error: this.#failure };
    return await new Promise((resolve) => {
      this.#pending.push(resolve);
      this.#worker.postMessage(task);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    for (const resolve of this.#pending.splice(0)) resolve({ error: reason });
  }
}
