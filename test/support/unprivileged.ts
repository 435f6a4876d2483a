/** nobody, and its group. */
const nobody = 65534;

/** Whether this process is root and can become somebody else for a while. */
export const canBecomeNobody = process.getuid?.() === 0 && process.seteuid !== undefined;

/** Runs an action as user and group nobody, without root's power over files. Only where `canBecomeNobody`. */
export function asNobody<Result>(action: () => Result): Result {
  process.setegid?.(nobody);
  process.seteuid?.(nobody);
  try {
    return action();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
