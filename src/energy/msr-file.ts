import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

/** The registers of one logical CPU (kernel arch/x86/kernel/msr.c): 8 bytes at the offset that is the register's number. */
export interface MsrFile {
  /** The register's value. Throws the system's error (EIO: no such register; ENXIO: CPU offline), or one about a short answer. */
  read(register: number): bigint;
  close(): void;
}

export function msrPath(msrRoot: string, cpu: number): string {
  return join(msrRoot, String(cpu), "msr");
}

/** Opens a CPU's registers. Throws the system's error: EACCES, EPERM, ENOENT, ENXIO. */
export function openMsrFile(path: string): MsrFile {
  const descriptor = openSync(path, "r");
  const buffer = Buffer.alloc(8);
  return {
    read: (register) => {
      const bytes = readSync(descriptor, buffer, 0, buffer.length, register);
      if (bytes !== buffer.length) throw new Error(`${bytes} of 8 bytes at 0x${register.toString(16)}`);
      // Whoever replaces the file (a simulation) leaves the descriptor on the old one; a device node always has its name.
      if (fstatSync(descriptor).nlink === 0) throw new Error(`${path} was replaced`);
      return buffer.readBigUInt64LE(0);
    },
    close: () => closeSync(descriptor),
  };
}
