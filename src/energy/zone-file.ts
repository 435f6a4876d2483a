import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** A counter file that is kept open: sysfs evaluates it anew at every read from offset 0, at a fraction of the cost of opening. */
export interface ZoneFile {
  /** The microjoules it shows now. Throws the system's error (EACCES, EINVAL, ENODEV, …), or one about its text. */
  read(): bigint;
  close(): void;
}

/** @param isStillThere asked before the file is opened: another zone may have taken its place. */
export function zoneFile(path: string, isStillThere: () => boolean = () => true): ZoneFile {
  const buffer = Buffer.alloc(32);
  let descriptor: number | null = null;
  let lastMicrojoules: bigint | null = null;

  const close = (): void => {
    if (descriptor !== null) closeSync(descriptor);
    descriptor = null;
  };
  const open = (): number => {
    if (!isStillThere()) throw new Error(`${path} belongs to another zone now`);
    return openSync(path, "r");
  };
  const readHeld = (): bigint => {
    descriptor ??= open();
    return parseMicrojoules(buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, buffer.length, 0)), path);
  };
  const readAnew = (): bigint => {
    if (!isStillThere()) close();
    // Opened before the old one is closed: a process that has given up root since cannot, and keeps what it has.
    const fresh = open();
    close();
    descriptor = fresh;
    return readHeld();
  };
  // Whoever replaces the file (a module reload, a simulation) leaves the descriptor on the old one.
  const wasReplaced = (): boolean => descriptor !== null && fstatSync(descriptor).nlink === 0;

  return {
    read: () => {
      let microjoules: bigint;
      try {
        microjoules = readHeld();
        if (microjoules === lastMicrojoules && wasReplaced()) microjoules = readAnew();
      } catch {
        microjoules = readAnew();
      }
      lastMicrojoules = microjoules;
      return microjoules;
    },
    close,
  };
}

/** Microjoules as the kernel prints them: decimal digits and a newline. */
export function parseMicrojoules(text: string, path: string): bigint {
  if (!/^\d{1,20}\n?$/.test(text)) throw new Error(`${path} does not hold a number of microjoules`);
  return BigInt(text.trim());
}
