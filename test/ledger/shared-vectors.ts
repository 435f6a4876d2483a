import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { z } from "zod";

/** The full sets of published vectors, where they lie beside the repository. Without them these functions give null or []. */
const root = new URL("../../../shared/vectors/", import.meta.url);

export function sharedText(path: string): string | null {
  const file = new URL(path, root);
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

/** One value or none, so that a loop over it registers tests where the file is present. */
export function sharedJson<Schema extends z.ZodType>(path: string, schema: Schema): readonly z.output<Schema>[] {
  const text = sharedText(path);
  return text === null ? [] : [schema.parse(JSON.parse(text))];
}

export function sharedFileNames(path: string): readonly string[] {
  const folder = new URL(path, root);
  return existsSync(folder) ? readdirSync(folder) : [];
}
