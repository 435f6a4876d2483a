import { spawn, spawnSync } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  ask,
  type GovernorPlace,
  governorPlace,
  showMicrojoules,
  startGovernor,
  totalsOf,
  until,
} from "../support/governor.ts";
import { sampleOf } from "../support/http.ts";
import { energyFile, memoryZone, packageZone } from "../support/kernel-tree.ts";
import {
  carbonOps,
  cleanEnvironment,
  endOf,
  programPath,
  startCarbonOps,
  temporaryDirectory,
} from "../support/program.ts";
import { freePort, installed, startPrometheus } from "../support/prometheus.ts";
import { canBecomeNobody } from "../support/unprivileged.ts";

const promtool = installed("promtool");
const prometheus = installed("prometheus");

interface Metrics {
  readonly url: string;
  page(): Promise<string>;
  said(): string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

async function startMetrics({ socketPath }: Pick<GovernorPlace, "socketPath">): Promise<Metrics> {
  const child = startCarbonOps(["metrics", "--listen", "127.0.0.1:0", "--governor-socket", socketPath]);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  await until(() => {
    if (child.exitCode !== null) throw new Error(`it ended: ${said}`);
    return said.includes("Serving ");
  });
  const [url = ""] = /http:\S+/.exec(said) ?? [];
  return {
    url,
    page: async () => (await fetch(url)).text(),
    said: () => said,
    end: async (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

const hostEnergy = "carbon_ops_host_energy_joules_total";

/** The value of a counter whose governor does not matter here. */
function counterOf(page: string, name: string, labels = ""): string | null {
  const start = `${name}{${labels}${labels === "" ? "" : ","}governor_id="`;
  return (
    page
      .split("\n")
      .find((line) => line.startsWith(start))
      ?.split(" ")[1] ?? null
  );
}

test("the page shows the governor's totals, host and domains, to the microjoule", async () => {
  const place = governorPlace([packageZone(0, [memoryZone(), { name: "core", microjoules: 0n, range: null }])]);
  await startGovernor(place);
  showMicrojoules(place.roots, "intel-rapl:0", 21_000_000n);
  showMicrojoules(place.roots, "intel-rapl:0:0", 2_000_000n);
  showMicrojoules(place.roots, "intel-rapl:0:1", 5_000_000n);
  await until(async () => (await totalsOf(place.socketPath))["intel-rapl:0/intel-rapl:0:1"] === 5_000_000);
  const snapshot = await ask(place.socketPath, "{}");
  const page = await (await startMetrics(place)).page();
  const totals = await totalsOf(place.socketPath);
  const dram = totals["intel-rapl:0/intel-rapl:0:0"] ?? 0;
  const joules = (microjoules: number): string => (microjoules / 1e6).toFixed(6);
  expect(counterOf(page, hostEnergy)).toBe(joules((totals["intel-rapl:0"] ?? 0) + dram));
  const energy = "carbon_ops_domain_energy_joules_total";
  const labelled = (domain: string, kind: string, counted: boolean): string =>
    `domain="${domain}",kind="${kind}",counted="${counted}"`;
  expect(counterOf(page, energy, labelled("intel-rapl:0/intel-rapl:0:0", "dram", true))).toBe(joules(dram));
  expect(counterOf(page, energy, labelled("intel-rapl:0/intel-rapl:0:1", "core", false))).toBe("5.000000");
  expect(page).toContain(`governor_id="${String(snapshot["governor_id"])}"`);
});

test("no energy outlives its governor: killed or stopped it is down, and back it is up with its totals", async () => {
  const place = governorPlace();
  const first = await startGovernor(place);
  showMicrojoules(place.roots, "intel-rapl:0", 11_000_000n);
  await until(async () => (await totalsOf(place.socketPath))["intel-rapl:0"] !== 0);
  const metrics = await startMetrics(place);
  const before = counterOf(await metrics.page(), hostEnergy);
  expect(before).not.toBeNull();
  first.child.kill("SIGSTOP");
  await until(async () => sampleOf(await metrics.page(), "carbon_ops_governor_up") === "0");
  expect(await metrics.page()).not.toContain("joules");
  await first.end("SIGKILL");
  expect(await metrics.page()).not.toContain("joules");
  await startGovernor(place);
  await until(async () => counterOf(await metrics.page(), hostEnergy) !== null);
  expect(counterOf(await metrics.page(), hostEnergy)).toBe(before);
  expect(metrics.said()).toContain("No governor can be used on");
  expect(metrics.said()).toContain("answers now");
});

test("a governor that begins anew is a series of its own: nothing between the two totals is taken for energy", async () => {
  const place = governorPlace();
  const first = await startGovernor(place);
  const metrics = await startMetrics(place);
  const seriesOf = (page: string): string => page.split("\n").find((line) => line.startsWith(`${hostEnergy}{`)) ?? "";
  await until(async () => seriesOf(await metrics.page()) !== "");
  const before = seriesOf(await metrics.page());
  await first.end("SIGTERM");
  rmSync(place.stateFile);
  await startGovernor(place);
  // A page is shared for a second: the old one may be seen once more.
  await until(async () => !["", before].includes(seriesOf(await metrics.page())));
  const [idBefore, idAfter] = [before, seriesOf(await metrics.page())].map(
    (series) => /governor_id="([^"]+)"/.exec(series)?.[1],
  );
  expect(idBefore).toBeTypeOf("string");
  expect(idAfter).not.toBe(idBefore);
});

const othersGroup = 54_711;

/** The program as somebody else, in a group of their own. Only root can start it so. */
async function asUser(argv: readonly string[], gid: number, whileRunning?: (said: () => string) => Promise<void>) {
  const child = spawn(process.execPath, [programPath, ...argv], {
    uid: 65_534,
    gid,
    cwd: "/",
    env: cleanEnvironment("/"),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = endOf(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  if (whileRunning !== undefined) {
    await whileRunning(() => said);
    child.kill("SIGTERM");
  }
  return ended;
}

async function governorOfGroup(): Promise<GovernorPlace> {
  const place = governorPlace();
  chmodSync(dirname(place.socketPath), 0o755);
  await startGovernor(place, [`--socket-group=${othersGroup}`]);
  await until(async () => (await totalsOf(place.socketPath))["intel-rapl:0"] !== undefined);
  return place;
}

const unprivileged = canBecomeNobody ? ["nobody"] : [];
if (!canBecomeNobody) process.stderr.write("Not root: what other users may do with the governor is not tested.\n");

test.each(unprivileged)(
  "%s in the socket's group serves the page, and measures a command through the governor",
  async () => {
    const place = await governorOfGroup();
    const metrics = ["metrics", "--listen", "127.0.0.1:0", "--governor-socket", place.socketPath];
    const { status } = await asUser(metrics, othersGroup, async (said) => {
      await until(() => said().includes("Serving "));
      const page = await (await fetch(/http:\S+/.exec(said())?.[0] ?? "")).text();
      expect(counterOf(page, hostEnergy)).not.toBeNull();
    });
    expect(status).toBe(0);
    const run = ["run", "--quiet", "--json", "-", "--governor-socket", place.socketPath, "--", "true"];
    const result: unknown = JSON.parse((await asUser(run, othersGroup)).stdout.toString());
    expect(result).toMatchObject({ energy: { energy_source: "governor", attribution_mode: "governor_cpu_time" } });
  },
);

test.each(unprivileged)(
  "%s outside the group has a page without energy, and doctor says which group it is for",
  async () => {
    const place = await governorOfGroup();
    const metrics = ["metrics", "--listen", "127.0.0.1:0", "--governor-socket", place.socketPath];
    const { stderr } = await asUser(metrics, 65_534, async (said) => {
      await until(() => said().includes("Serving "));
      const page = await (await fetch(/http:\S+/.exec(said())?.[0] ?? "")).text();
      expect(sampleOf(page, "carbon_ops_governor_up")).toBe("0");
      expect(page).not.toContain("joules");
    });
    expect(stderr).toContain("EACCES");
    const doctor = await asUser(["doctor", "--governor-socket", place.socketPath], 65_534);
    expect(doctor.stdout.toString().replaceAll(/\s+/g, " ")).toContain(`is only for the group ${othersGroup}`);
  },
);

test("it starts before the governor does, says once what is missing, and ends with status 0", async () => {
  const metrics = await startMetrics({ socketPath: join(temporaryDirectory(), "none.sock") });
  const pages = await Promise.all([metrics.page(), metrics.page()]);
  expect(pages.map((page) => sampleOf(page, "carbon_ops_governor_up"))).toEqual(["0", "0"]);
  expect(metrics.said().match(/ENOENT/g)).toHaveLength(1);
  expect(await metrics.end("SIGTERM")).toBe(0);
});

test("a counter that fails has no energy on the page until it is back", async () => {
  const place = governorPlace([packageZone(0), packageZone(1)]);
  const governor = await startGovernor(place);
  const metrics = await startMetrics(place);
  writeFileSync(energyFile(place.roots, "intel-rapl:1"), "garbage\n");
  await until(() => governor.log().includes('"event":"counter_unreadable"'));
  const labels = 'domain="intel-rapl:1",kind="package",counted="true"';
  const energy = "carbon_ops_domain_energy_joules_total";
  await until(async () => sampleOf(await metrics.page(), `carbon_ops_domain_readable{${labels}}`) === "0");
  expect(counterOf(await metrics.page(), energy, labels)).toBeNull();
  showMicrojoules(place.roots, "intel-rapl:1", 3_000_000n);
  await until(async () => counterOf(await metrics.page(), energy, labels) !== null);
});

test.each([
  "nonsense",
  ":9774",
  "127.0.0.1:65536",
  "1.2.3:9774",
  "::1:9774",
  "[127.0.0.1]:9774",
  "http://localhost:9774",
])("--listen %s is bad usage, in one sentence", async (listen) => {
  const { status, stderr } = await carbonOps(["metrics", "--listen", listen]);
  expect(status).toBe(2);
  expect(stderr).toBe(
    `carbon-ops: --listen must be HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:9774 or [::1]:9774, not "${listen}".\n`,
  );
});

test("a port that is taken ends it with status 2 and one sentence", async () => {
  const port = await freePort(async (taken) => {
    const { status, stderr } = await carbonOps(["metrics", "--listen", `127.0.0.1:${taken}`]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^carbon-ops: Metrics cannot be served on .*another program listens there.*\n$/);
  });
  expect(port).toBeGreaterThan(0);
});

test.each(promtool)("%s finds nothing wrong with the page, with and without a governor", async (program) => {
  const place = governorPlace([packageZone(0, [memoryZone()])]);
  const metrics = await startMetrics(place);
  const down = await metrics.page();
  await startGovernor(place);
  await until(async () => counterOf(await metrics.page(), hostEnergy) !== null);
  for (const page of [down, await metrics.page()]) {
    const { status, stdout, stderr } = spawnSync(program, ["check", "metrics"], { input: page, encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  }
});

test.each(prometheus)(
  "a real %s scrapes the page, and marks energy as stale when the governor is gone",
  async (program) => {
    const place = governorPlace();
    const governor = await startGovernor(place);
    showMicrojoules(place.roots, "intel-rapl:0", 11_000_000n);
    await until(async () => (await totalsOf(place.socketPath))["intel-rapl:0"] !== 0);
    const metrics = await startMetrics(place);
    const shown = counterOf(await metrics.page(), hostEnergy);
    const configuration = [
      "global: { scrape_interval: 1s }",
      `scrape_configs: [{ job_name: host, static_configs: [{ targets: ["${new URL(metrics.url).host}"] }] }]`,
    ];
    const running = await startPrometheus(program, { "prometheus.yml": configuration.join("\n") });
    const newest = async (series: string): Promise<string | null> => (await running.query(series))[0]?.value ?? null;
    await until(async () => (await newest(hostEnergy)) !== null);
    expect(Number(await newest(hostEnergy))).toBe(Number(shown));
    expect(await newest("up")).toBe("1");
    await governor.end("SIGKILL");
    await until(async () => (await newest("carbon_ops_governor_up")) === "0");
    expect(await newest(hostEnergy)).toBeNull();
  },
);
