import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const script = fileURLToPath(new URL("../../scripts/ci-packages.sh", import.meta.url));

/** A machine on which apt-get brings the packages that are named, and notes how it was called. */
function machine({ userId = 0, packages = ["alpha", "beta"] }: { userId?: number; packages?: readonly string[] }) {
  // A file in the list has no space in its path.
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-packages-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const programs = join(folder, "bin");
  mkdirSync(programs);
  for (const tool of ["timeout", "touch", "chmod"]) symlinkSync(`/usr/bin/${tool}`, join(programs, tool));
  const plant = (name: string, text: string): void => {
    writeFileSync(join(programs, name), `#!/bin/bash\n${text}\n`);
    chmodSync(join(programs, name), 0o755);
  };
  const calls = join(folder, "calls");
  plant("id", `echo ${userId}`);
  plant(
    "apt-get",
    `echo "$DEBIAN_FRONTEND $RUNLEVEL $*" >> "${calls}"
[ "$1" = install ] || exit 0
for package in "\${@:4}"; do case " ${packages.join(" ")} " in *" $package "*) ;; *) exit 100 ;; esac; done
for package in "\${@:4}"; do touch "${programs}/$package-tool" "${folder}/$package.h"; chmod +x "${programs}/$package-tool"; done`,
  );
  const list = join(folder, "list");
  writeFileSync(list, `# a comment\nalpha  alpha-tool  what alpha shows\n\nbeta ${folder}/beta.h what beta shows\n`);
  return {
    plant,
    run: () => {
      const { status, stdout, stderr } = spawnSync("/bin/bash", [script, list], {
        env: { PATH: programs },
        encoding: "utf8",
      });
      return { status, stdout, said: stderr.split("\n").slice(0, -1) };
    },
    calls: () => (existsSync(calls) ? readFileSync(calls, "utf8").split("\n").slice(0, -1) : []),
  };
}

test("root installs only what is missing, once, and asks no questions", () => {
  const { run, calls, plant } = machine({});
  plant("alpha-tool", "");
  expect(run()).toEqual({ status: 0, stdout: "", said: ["Installing beta for the tests …"] });
  expect(run()).toEqual({ status: 0, stdout: "", said: [] });
  expect(calls()).toEqual(["noninteractive 1 update", "noninteractive 1 install --yes --no-install-recommends beta"]);
});

test("a package that cannot be had does not keep the others away; what is not tested is said", () => {
  const { run } = machine({ packages: ["beta"] });
  expect(run()).toEqual({
    status: 0,
    stdout: "",
    said: ["Installing alpha beta for the tests …", "Without alpha this is not tested: what alpha shows."],
  });
});

test("a user without privilege installs nothing, and is told what is not tested", () => {
  const { run, calls } = machine({ userId: 1000 });
  expect(run()).toEqual({
    status: 0,
    stdout: "",
    said: ["Without alpha beta this is not tested: what alpha shows; what beta shows."],
  });
  expect(calls()).toEqual([]);
});

test("the list names each package once, with a sign of it and what it is for", () => {
  const list = readFileSync(new URL("../../.ci/debian-packages", import.meta.url), "utf8");
  const rows = list.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(rows.filter((row) => !/^[a-z0-9+.-]+ +\S+ +\S+/.test(row))).toEqual([]);
  const packages = rows.map((row) => row.split(" ")[0]);
  expect(new Set(packages).size).toBe(packages.length);
});
