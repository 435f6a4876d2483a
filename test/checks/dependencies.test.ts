import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Ended, plantTree, repository, runNode } from "./planted-tree.ts";

interface Planted {
  readonly manifest?: object;
  readonly policy?: string;
  readonly packages?: object;
  readonly registry?: string;
}

/** Nobody listens there. */
const noRegistry = "http://127.0.0.1:9/";

function checkDependencies(planted: Planted): Promise<Ended> {
  const { manifest = {}, policy = "", packages = {}, registry = noRegistry } = planted;
  const root = { name: "planted", version: "1.0.0", ...manifest };
  const folder = plantTree({
    "package.json": JSON.stringify(root),
    "package-lock.json": JSON.stringify({ ...root, lockfileVersion: 3, packages: { "": root, ...packages } }),
    "docs/dependencies.md": policy,
  });
  const script = join(repository, "scripts/check-dependencies.mjs");
  return runNode(repository, [script, folder], { npm_config_registry: registry });
}

/** A registry that answers every question for advisories with this. */
async function registryAnswering(status: number, advisories: object): Promise<string> {
  const server = createServer((request, response) => {
    const isAdvisories = request.url?.includes("/security/advisories/bulk") === true;
    response.writeHead(isAdvisories ? status : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(isAdvisories ? advisories : {}));
  });
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}/` : noRegistry;
}

test("a dependency that docs/dependencies.md does not explain is reported", async () => {
  const { status, output } = await checkDependencies({
    manifest: { dependencies: { left: "1.0.0" }, devDependencies: { right: "1.0.0" } },
    policy: "| `right` | MIT | tests |\n",
  });
  expect(output).toContain("docs/dependencies.md says nothing about left");
  expect(output).not.toContain("about right");
  expect(status).toBe(1);
});

test("an optional dependency needs its row too", async () => {
  const { output } = await checkDependencies({ manifest: { optionalDependencies: { foreign: "1.0.0" } }, policy: "" });
  expect(output).toContain("docs/dependencies.md says nothing about foreign");
});

test("a row for a dependency that is gone is reported", async () => {
  const { status, output } = await checkDependencies({ policy: "| `gone` | MIT | once |\n" });
  expect(output).toContain("docs/dependencies.md lists gone, which package.json does not have");
  expect(status).toBe(1);
});

test.each(["GPL-3.0-only", "UNLICENSED", "MIT AND GPL-2.0-only", undefined])(
  "a package with the licence %s that users would install is reported",
  async (license) => {
    const { status, output } = await checkDependencies({
      packages: { "node_modules/x": { version: "1.0.0", license } },
    });
    expect(output).toContain(`node_modules/x 1.0.0 has the licence ${license ?? "(none)"}, which is not allowed`);
    expect(status).toBe(1);
  },
);

test("a choice of licences passes when one of them is allowed, and development tools may have any", async () => {
  const { status, output } = await checkDependencies({
    packages: {
      "node_modules/x": { version: "1.0.0", license: "(GPL-2.0-only OR MIT)" },
      "node_modules/tool": { version: "1.0.0", license: "MPL-2.0", dev: true },
    },
  });
  expect(output).toContain("1 packages are installed with ours");
  expect(status).toBe(0);
});

const dependsOnX = {
  manifest: { dependencies: { x: "1.0.0" } },
  policy: "| `x` | MIT | everything |\n",
  packages: { "node_modules/x": { version: "1.0.0", license: "MIT" } },
};

test("a known vulnerability of what users install is reported", async () => {
  const advisory = { id: 1, url: "https://example.org/1", title: "leaks", severity: "high", vulnerable_versions: "*" };
  const registry = await registryAnswering(200, { x: [advisory] });
  const { status, output } = await checkDependencies({ ...dependsOnX, registry });
  expect(output).toContain("x: high: leaks (https://example.org/1)");
  expect(status).toBe(1);
});

test("a registry that knows of no vulnerability is believed", async () => {
  const registry = await registryAnswering(200, {});
  const { status, output } = await checkDependencies({ ...dependsOnX, registry });
  expect(output).toMatch(/known vulnerabilities +ok .* none$/m);
  expect(status).toBe(0);
});

test("offline, the question for vulnerabilities is skipped with a word, not passed", async () => {
  const { status, output } = await checkDependencies(dependsOnX);
  expect(output).toMatch(/known vulnerabilities +skipped .* the npm registry cannot be reached \(ECONNREFUSED\)$/m);
  expect(status).toBe(0);
});

test("a registry that serves packages only is named as the reason for skipping", async () => {
  const registry = await registryAnswering(405, {});
  const { output } = await checkDependencies({ ...dependsOnX, registry });
  expect(output).toMatch(/known vulnerabilities +skipped .* serves no advisories \(HTTP 405\)$/m);
});
