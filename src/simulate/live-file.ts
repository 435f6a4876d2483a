import {
  closeSync,
  fchmodSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { systemErrorCode } from "../errors.ts";

/**
 * A file whose content moves under its readers. It is written over in place at constant width, so that a reader never finds it
 * empty or half as long; whoever holds it open sees the new value, as with a kernel file.
 */
export interface LiveFile {
  /** Writes the value as it is now. */
  show(): void;
  /** Puts something else in its place: readers that hold the old file find it empty and nameless, and open it again. */
  replaceBy(put: (path: string) => void): void;
  /** Makes it a file again, if it is none. */
  restore(): void;
  close(): void;
}

/** @param fill writes the whole content, through `write(bytes, position)`. */
export function liveFile(
  path: string,
  mode: number,
  fill: (write: (bytes: Buffer, position: number) => void) => void,
): LiveFile {
  let descriptor: number | null = null;
  const writeTo = (opened: number): void =>
    fill((bytes, position) => writeSync(opened, bytes, 0, bytes.length, position));
  const restore = (): void => {
    if (descriptor !== null) return;
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.new`;
    descriptor = openSync(temporary, "w", mode);
    fchmodSync(descriptor, mode);
    writeTo(descriptor);
    rmSync(path, { recursive: true, force: true });
    renameSync(temporary, path);
  };
  const close = (): void => {
    if (descriptor !== null) closeSync(descriptor);
    descriptor = null;
  };
  restore();
  return {
    show: () => {
      if (descriptor !== null) writeTo(descriptor);
    },
    replaceBy: (put) => {
      put(path);
      if (descriptor !== null) ftruncateSync(descriptor, 0);
      close();
    },
    restore,
    close,
  };
}

/** Files of /proc and /sys whose reading fails, to stand in for registers that do: a link to one gives its reader the real error. */
export interface FailingFiles {
  readonly eio: string;
  /** Null where none fails with EINVAL for this user. */
  readonly einval: string | null;
}

/**
 * Files that everybody may open but that have nothing to read depend on the kernel, so they are tried. EIO: a device that never suspends by
 * itself (kernel drivers/base/power/sysfs.c, autosuspend_delay_ms_show); else the first pages of any process, where nothing is mapped (kernel
 * fs/proc/base.c), which a process that has given up root may not open. EINVAL: the speed of an interface that has none (kernel
 * net/core/net-sysfs.c, speed_show); else what a process may write only.
 */
export function failingFiles({ proc, sys }: { readonly proc: string; readonly sys: string }): FailingFiles {
  const failingWith = (code: string, paths: readonly string[]): string | undefined =>
    paths.find((path) => readingProblem(path) === code);
  const devices = ["platform", "system/cpu", "virtual/tty/tty0"];
  const delays = devices.map((device) => join(sys, "devices", device, "power", "autosuspend_delay_ms"));
  const unreadable = [join(proc, "self", "clear_refs"), join(proc, "self", "attr", "current")];
  return {
    eio: failingWith("EIO", delays) ?? join(proc, "self", "mem"),
    einval: failingWith("EINVAL", [join(sys, "class", "net", "lo", "speed"), ...unreadable]) ?? null,
  };
}

function readingProblem(path: string): string | null {
  try {
    const descriptor = openSync(path, "r");
    try {
      readSync(descriptor, Buffer.alloc(32), 0, 32, 0);
    } finally {
      closeSync(descriptor);
    }
    return null;
  } catch (error) {
    return systemErrorCode(error) ?? null;
  }
}

/** What takes a file's place so that its readers fail. Without a file that gives EINVAL, a directory does: EISDIR. */
export function putFailing(
  problem: "eio" | "einval" | "enoent" | "text",
  failing: FailingFiles,
): (path: string) => void {
  return (path) => {
    const temporary = `${path}.new`;
    rmSync(path, { recursive: true, force: true });
    if (problem === "enoent") return;
    if (problem === "text") writeFileSync(temporary, "no counter here\n");
    else if (problem === "eio") symlinkSync(failing.eio, temporary);
    else if (failing.einval !== null) symlinkSync(failing.einval, temporary);
    else mkdirSync(temporary);
    renameSync(temporary, path);
  };
}
