import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { environmentOf, movingHost } from "../support/moving-host.ts";
import { carbonOps, endOf, startCarbonOps, temporaryDirectory } from "../support/program.ts";

const reader = z.looseObject({
  name: z.string(),
  joules: z.number(),
  missed_joules: z.number(),
  wraps_seen: z.number(),
  wraps_missed: z.number(),
});
const result = z.looseObject({
  is_simulated: z.boolean(),
  true_joules: z.number().nullable(),
  register_wraps: z.number(),
  microjoule_wraps: z.number(),
  exact: reader,
  scrapers: z.array(reader),
  scrape_seconds: z.number(),
  is_scrape_shortened: z.boolean(),
  prometheus: z.looseObject({
    version: z.string().nullable(),
    scrape_count: z.number(),
    problem: z.string().nullable(),
    readers: z.array(reader),
  }),
});

/** In the list only where it is installed (Debian's package `prometheus`). */
const prometheus = spawnSync("prometheus", ["--version"]).status === 0 ? ["prometheus"] : [];
if (prometheus.length === 0)
  process.stderr.write("prometheus is not installed: its part in the demonstration is not tested.\n");
/** A PATH without any program: then no Prometheus is there, and the demonstration starts at once. */
const alone = { PATH: "/nowhere" };

async function demonstration(...flags: readonly string[]) {
  const { stdout, stderr, status } = await carbonOps(["demo", "aliasing", "--json", ...flags], { environment: alone });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return result.parse(JSON.parse(stdout.toString()));
}

test("at 300 W a scraper of 32-bit microjoules misses wraps and half of the energy; exact accumulation misses nothing", async () => {
  const { exact, scrapers, true_joules, microjoule_wraps } = await demonstration("--fast", "--duration", "120s");
  expect(true_joules).toBeCloseTo(36_000, 0);
  expect(microjoule_wraps).toBe(8);
  // One count of the register is 61 µJ.
  expect(Math.abs(exact.missed_joules)).toBeLessThan(62e-6);
  expect(exact.wraps_missed).toBe(0);
  const modular = scrapers.find(({ name }) => name.includes("one wrap"));
  expect(modular?.wraps_missed).toBeGreaterThan(0);
  // Each wrap that it did not see is 2^32 µJ, no more and no less.
  expect(modular?.missed_joules).toBeCloseTo((modular?.wraps_missed ?? 0) * 4294.967296, 2);
});

test("in real time, too, exact accumulation misses less than two counts", async () => {
  const { exact, true_joules } = await demonstration("--simulated", "--duration", "2s", "--scrape", "1s");
  expect(true_joules).toBeGreaterThan(100);
  expect(Math.abs(exact.missed_joules)).toBeLessThan(2 * 61.035e-6);
});

test("a scraper that takes a wrap for a restart loses what was counted between its reading and the wrap", async () => {
  const { scrapers, register_wraps } = await demonstration("--fast", "--duration", "60s", "--watts", "250");
  const register = scrapers.find(({ name }) => name.startsWith("register"));
  expect(register_wraps).toBe(1);
  expect(register?.missed_joules).toBeGreaterThan(0);
});

test("where the power is low enough for the interval, every wrap is seen, and it is not said otherwise", async () => {
  const { scrapers } = await demonstration("--fast", "--duration", "600s", "--watts", "100");
  const modular = scrapers.find(({ name }) => name.includes("one wrap"));
  expect(modular?.wraps_missed).toBe(0);
  expect(Math.abs(modular?.missed_joules ?? 1)).toBeLessThan(1e-4);
});

test("a readable counter is used, and the page says which one", async () => {
  const roots = movingHost(200, 0.1);
  const { stdout } = await carbonOps(["demo", "aliasing", "--duration", "2s", "--scrape", "1s", "--json"], {
    environment: { ...environmentOf(roots), ...alone },
  });
  const found = result.parse(JSON.parse(stdout.toString()));
  expect(found.is_simulated).toBe(false);
  expect(found.true_joules).toBeNull();
  expect(found.exact.joules).toBeGreaterThan(100);
});

test("the page says that the counter is simulated, and draws both the plot and a picture", async () => {
  const cwd = temporaryDirectory();
  const { stdout, status } = await carbonOps(["demo", "aliasing", "--fast", "--svg", "plot.svg"], { cwd });
  const text = stdout.toString();
  expect(status).toBe(0);
  expect(text).toContain("SIMULATED");
  expect(text).toMatch(/4 of 8 wraps missed/);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  const svg = readFileSync(join(cwd, "plot.svg"), "utf8");
  expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(svg.match(/<polyline /g)).toHaveLength(4);
  expect(svg).toContain("simulated, no counter was read");
});

test("without a Prometheus it says so; a short duration has a shorter scrape interval, and says that too", async () => {
  const { prometheus: beside, ...found } = await demonstration("--simulated", "--duration", "2s");
  expect(beside).toMatchObject({ version: null, readers: [], problem: expect.stringContaining("not installed") });
  expect(found).toMatchObject({ scrape_seconds: 0.25, is_scrape_shortened: true });
});

test.each(prometheus)(
  "a real %s scrapes the same counter: it misses half of the wraps of 32-bit microjoules, and most of their energy",
  async () => {
    const { stdout, status } = await carbonOps(["demo", "aliasing", "--speed", "30", "--json"]);
    expect(status).toBe(0);
    const {
      exact,
      prometheus: beside,
      true_joules: truth,
      register_wraps,
    } = result.parse(JSON.parse(stdout.toString()));
    expect(Math.abs(exact.missed_joules)).toBeLessThan(62e-6);
    expect(beside).toMatchObject({ version: expect.any(String), problem: null });
    expect(beside.scrape_count).toBeGreaterThan(4);
    const [register, microjoules] = beside.readers;
    expect(register?.name).toMatch(/^Prometheus \S+, register/);
    expect(register_wraps).toBe(1);
    expect(microjoules?.wraps_missed).toBeGreaterThanOrEqual(2);
    expect(microjoules?.missed_joules).toBeGreaterThan(0.4 * (truth ?? Number.NaN));
  },
);

test.each(prometheus)(
  "interrupted, the demonstration ends the %s that it started, and leaves nothing behind",
  async () => {
    const before = demonstrationFolders();
    const child = startCarbonOps(["demo", "aliasing", "--simulated", "--duration", "1h"]);
    while (demonstrationFolders().length === before.length) await new Promise((resolve) => setTimeout(resolve, 20));
    const mine = demonstrationFolders().find((name) => !before.includes(name)) ?? "";
    child.kill("SIGTERM");
    const { status } = await endOf(child);
    expect(status).toBe(143);
    expect(demonstrationFolders()).not.toContain(mine);
  },
);

function demonstrationFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("carbon-ops-prometheus-"));
}

test.each([
  [["--watts", "701"], "--watts"],
  [["--duration", "2h"], "--duration"],
  [["--scrape", "never"], "--scrape"],
  [["--speed", "61"], "--speed"],
])("%j is refused with the range that is allowed", async (flags, named) => {
  const { status, stderr } = await carbonOps(["demo", "aliasing", ...flags]);
  expect(status).toBe(2);
  expect(stderr).toContain(named);
});
