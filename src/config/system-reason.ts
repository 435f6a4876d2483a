import { messageOf, systemErrorCode } from "../errors.ts";

/** What a system error says, without what the runtime puts around it: of "ENOENT: no such file or directory, open '/x'" the middle. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return systemErrorCode(error) === undefined
    ? message
    : message.replace(/^E[A-Z0-9]+: (.*?), [a-z_]+(?: .*)?$/s, "$1");
}
