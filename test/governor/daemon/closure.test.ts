import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const source = fileURLToPath(new URL("../../../src/", import.meta.url));

/** What runs as root, so that a person can read it in one sitting. A new file here is a decision: add it, with its reason. */
const privileged = [
  "clock.ts",
  "energy/counter.ts",
  "energy/msr-counters.ts",
  "energy/msr-file.ts",
  "energy/msr-package.ts",
  "energy/msr-registers.ts",
  "energy/powercap-unit.ts",
  "energy/powercap-zones.ts",
  "energy/zone-file.ts",
  "governor/daemon/answers.ts",
  "governor/daemon/counters.ts",
  "governor/daemon/governor.ts",
  "governor/daemon/history.ts",
  "governor/daemon/log.ts",
  "governor/daemon/main.ts",
  "governor/daemon/meter.ts",
  "governor/daemon/options.ts",
  "governor/daemon/poller.ts",
  "governor/daemon/privileged.ts",
  "governor/daemon/server.ts",
  "governor/daemon/start-error.ts",
  "governor/daemon/state.ts",
  "governor/protocol.ts",
  "host/cpu-identity.ts",
  "host/online-cpus.ts",
  "host/optional-kernel-file.ts",
  "thrown.ts",
];

/** Lines that hold code: neither blank nor comment alone. The aim is 1500; this may shrink, and must not grow. */
const largestCodeLines = 1787;

interface Closure {
  readonly files: ReadonlySet<string>;
  readonly modules: ReadonlySet<string>;
}

/** Every import, those of types too: what the reader has to open. */
function closureOf(entry: string): Closure {
  const files = new Set<string>();
  const modules = new Set<string>();
  const pending = [entry];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    const text = readFileSync(join(source, path), "utf8");
    for (const [, specifier = ""] of text.matchAll(/(?:from |import |import\()"([^"]+)"/g)) {
      if (specifier.startsWith(".")) pending.push(relative(source, join(source, dirname(path), specifier)));
      else modules.add(specifier);
    }
  }
  return { files, modules };
}

const closure = closureOf("governor/daemon/main.ts");

test("the daemon consists of these files and no other", () => {
  expect([...closure.files].toSorted()).toEqual(privileged);
});

test("the daemon imports built-in modules only", () => {
  const foreign = [...closure.modules].filter((name) => !builtinModules.includes(name.replace(/^node:/, "")));
  expect(foreign).toEqual([]);
});

test("the daemon fits one sitting", () => {
  const lines = [...closure.files].flatMap((path) => readFileSync(join(source, path), "utf8").split("\n"));
  const code = lines.filter((line) => !/^\s*(\/\/.*|\/?\*.*)?$/.test(line));
  expect(code.length).toBeLessThanOrEqual(largestCodeLines);
});

test("only privileged.ts binds, changes owners and gives up root", () => {
  const powers = /\.(listen|setuid|setgid|setgroups|umask)\??\.?\(|\b(l?chown|chmod)(Sync)?\(/;
  const users = [...closure.files].filter((path) => powers.test(readFileSync(join(source, path), "utf8")));
  expect(users).toEqual(["governor/daemon/privileged.ts"]);
});
