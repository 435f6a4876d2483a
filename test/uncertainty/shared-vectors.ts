import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

/** The full set of published vectors, where it lies beside the repository; an empty list where it does not. */
export function sharedCases<Schema extends z.ZodType>(fileName: string, schema: Schema): readonly z.output<Schema>[] {
  const file = new URL(`../../../shared/vectors/uncertainty/${fileName}`, import.meta.url);
  if (!existsSync(file)) return [];
  const { cases } = z.object({ cases: z.array(z.unknown()) }).parse(JSON.parse(readFileSync(file, "utf8")));
  return cases.flatMap((item) => {
    const parsed = schema.safeParse(item);
    return parsed.success ? [parsed.data] : [];
  });
}
