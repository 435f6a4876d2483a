import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { governorFlags, governorOptions } from "../../src/governor/daemon/options.ts";

const page = readFileSync(new URL("../../docs/deployment.md", import.meta.url), "utf8");

function blocksOf(language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, text = ""]) => text);
}

test("the manifests are YAML, and the governor takes every flag that they and the image give it, with that value", () => {
  const manifests = blocksOf("yaml");
  expect(manifests.length).toBeGreaterThan(0);
  for (const manifest of manifests)
    for (const document of parseAllDocuments(manifest)) expect(document.errors).toEqual([]);
  const inManifest = manifests.flatMap((text) => [...text.matchAll(/^ *- --([a-z-]+)=(\S+)$/gm)]);
  const inImage = blocksOf("dockerfile").flatMap((text) => [...text.matchAll(/"--([a-z-]+)", "([^"]+)"/g)]);
  expect(inManifest.length).toBe(3);
  expect(inImage.length).toBe(3);
  const known = new Set(Object.keys(governorFlags));
  for (const [, name = "", value = ""] of [...inManifest, ...inImage]) {
    expect(known).toContain(name);
    expect(() => governorOptions(new Map([[name, value]]))).not.toThrow();
  }
});
