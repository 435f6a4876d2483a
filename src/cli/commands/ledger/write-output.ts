import type { CommandContext } from "../../context.ts";

/** Writes and waits while the reader is slow; false when it went away. */
export async function writeOutput(stream: CommandContext["stdout"], text: string | Uint8Array): Promise<boolean> {
  if (!stream.writable) return false;
  if (stream.write(text)) return true;
  return await new Promise<boolean>((done) => {
    const settle = (result: boolean) => (): void => {
      for (const [event, listener] of listeners) stream.removeListener(event, listener);
      done(result);
    };
    const listeners: readonly (readonly [string, () => void])[] = [
      ["drain", settle(true)],
      ["close", settle(false)],
      ["error", settle(false)],
    ];
    for (const [event, listener] of listeners) stream.once(event, listener);
  });
}
