import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { writeReportLedger } from "./report-ledger.mjs";

/**
 * How long `carbon-ops report` takes on a ledger of 10^5 records (CARBON_OPS_BENCH_RECORDS sets another number), how much memory, how
 * large the page is, and how long Chromium takes until it is loaded and painted. The page of a ledger with a hundredth of the records is
 * beside it, since neither page nor memory may grow with the records. Ends with 1 when the page takes 2 s or more to open, is larger than
 * a megabyte, or memory grows with the records.
 */
const records = Number(process.env.CARBON_OPS_BENCH_RECORDS ?? 100_000);
const program = fileURLToPath(new URL("../dist/cli/bin.js", import.meta.url));
const browserPath = "/usr/bin/chromium";
const opens = 7;
const largestOpenMs = 2000;
const largestPageBytes = 1_000_000;
/** The garbage collector's habits, and verification's threads. */
const largestGrowthMb = 250;

const folder = mkdtempSync(join(tmpdir(), "carbon-ops-report-bench-"));
try {
  const small = await measure(Math.max(100, Math.round(records / 100)));
  const large = await measure(records);
  const faults = [
    ...(large.openMs >= largestOpenMs ? [`the page takes ${large.openMs.toFixed(0)} ms to open`] : []),
    ...(large.bytes > largestPageBytes ? [`the page has ${large.bytes} bytes`] : []),
    ...(large.peakMb - small.peakMb > largestGrowthMb
      ? [`memory grows from ${small.peakMb} to ${large.peakMb} MB`]
      : []),
  ];
  for (const fault of faults) console.log(`BROKEN: ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(count) {
  const path = join(folder, `${count}.ndjson`);
  const page = join(folder, `${count}.html`);
  const key = await writeReportLedger(path, join(folder, "ledger.key"), { records: count, names: 500 });
  const { seconds, peakMb } = await report(path, key, page);
  const { size: bytes } = statSync(page);
  const openMs = await opened(page);
  const megabytes = (statSync(path).size / 1e6).toFixed(0);
  rmSync(path);
  console.log(`${count} records, ${megabytes} MB`);
  console.log(`  report made in       ${seconds.toFixed(1)} s, ${((1e6 * seconds) / count).toFixed(0)} µs a record`);
  console.log(`  peak memory          ${peakMb} MB`);
  console.log(`  page                 ${(bytes / 1000).toFixed(0)} kB`);
  if (Number.isFinite(openMs))
    console.log(`  open in Chromium     ${openMs.toFixed(0)} ms until painted (median of ${opens})`);
  return { peakMb, bytes, openMs: Number.isFinite(openMs) ? openMs : 0 };
}

async function report(path, key, page) {
  const startMs = performance.now();
  const argv = ["--import", watcher(), program, "report", path, "--key", key, "-o", page];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "inherit", "pipe"] });
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`report ended with ${status}: ${errors}`);
  const peakMb = Math.round(Number(/peak=(\d+)/.exec(errors)?.[1] ?? 0) / 1000);
  return { seconds: (performance.now() - startMs) / 1000, peakMb };
}

/** Says the peak of resident memory, in kilobytes, when the process ends. */
function watcher() {
  const code = 'process.on("exit", () => process.stderr.write("peak=" + process.resourceUsage().maxRSS));';
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Each time in a browser that has never seen it, until two frames were drawn. Not a number without Chromium. */
async function opened(page) {
  if (!existsSync(browserPath)) {
    console.log("  open in Chromium     not measured: Debian's package chromium is not installed");
    return Number.NaN;
  }
  const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu"] });
  const times = [];
  try {
    for (let round = 0; round < opens; round += 1) {
      const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
      const tab = await context.newPage();
      const startMs = performance.now();
      await tab.goto(pathToFileURL(page).href);
      await tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
      times.push(performance.now() - startMs);
      await context.close();
    }
  } finally {
    await browser.close();
  }
  return times.sort((left, right) => left - right)[Math.floor(opens / 2)];
}
