import { messageOf } from "../errors.ts";

/**
 * flock(2) without waiting. "held" when another open file has the lock, "interrupted" by a signal (EINTR), and otherwise the
 * number of the error.
 */
export type FlockCall = (descriptor: number) => "locked" | "held" | "interrupted" | number;

/** LOCK_EX | LOCK_NB of flock(2): it never waits, so that it may run in the event loop's thread. */
const exclusiveWithoutWaiting = 2 | 4;
/** EINTR and EWOULDBLOCK of errno(3) on Linux. */
const interruptedNumber = 4;
const wouldBlockNumber = 11;

export type FlockBinding =
  | { readonly call: FlockCall; readonly problem: null }
  | { readonly call: null; readonly problem: string };

let binding: Promise<FlockBinding> | null = null;

/**
 * The C library's flock, through the optional package koffi. Loaded when a lock is first asked for; nothing here throws: where
 * koffi is missing, `problem` says so and the `flock` program has to do.
 */
export function bindFlock(): Promise<FlockBinding> {
  binding ??= load();
  return binding;
}

async function load(): Promise<FlockBinding> {
  try {
    const koffi = await import("koffi");
    // The program itself: Node.js is linked with the C library, whatever its file is called on this host.
    const flock = koffi.load(null).func("flock", "int", ["int", "int"]);
    const call: FlockCall = (descriptor) => {
      if (flock(descriptor, exclusiveWithoutWaiting) === 0) return "locked";
      const number = koffi.errno();
      if (number === wouldBlockNumber) return "held";
      return number === interruptedNumber ? "interrupted" : number;
    };
    return { call, problem: null };
  } catch (error) {
    const [why = ""] = messageOf(error).split("\n");
    return { call: null, problem: `the optional package koffi cannot be used (${why})` };
  }
}
