import { readdirSync, readFileSync } from "node:fs";

/** The trimmed text of a kernel file that not every host has, or null where it cannot be read. */
export function readOptionalKernelFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

/** Names in a kernel directory that not every host has; empty where it cannot be listed. */
export function listKernelDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** A whole number of at least 0 in decimal, exactly as the kernel prints it; null for anything else. */
export function parseCount(text: string): number | null {
  if (!/^\d{1,16}$/.test(text)) return null;
  const count = Number(text);
  return Number.isSafeInteger(count) ? count : null;
}
