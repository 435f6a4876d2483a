import { spawnSync } from "node:child_process";
import { monteCarlo } from "../dist/uncertainty/index.js";
import { compare } from "./harness.mjs";

/** Monte Carlo of the model of a task with 7 inputs, against numpy doing the same where python3-numpy is installed. */

const normal = (mean, standardDeviation) => ({ kind: "normal", mean, standardDeviation });
const lognormal = (median, lnSigma) => ({ kind: "lognormal", lnMedian: Math.log(median), lnSigma });

const task = {
  sources: [
    { id: "total", distribution: normal(0.05, 0.001) },
    { id: "idle", distribution: normal(0.03, 0.0015) },
    { id: "share", distribution: lognormal(0.4, 0.05) },
    { id: "gain", distribution: lognormal(1, 0.05) },
    { id: "pue", distribution: lognormal(0.25, 0.2) },
    { id: "intensity", distribution: lognormal(400, 0.1) },
    { id: "embodied", distribution: lognormal(0.3, 0.3) },
  ],
  model: (d) => Math.max(d[0] - d[1], 0) * d[2] * d[3] * (1 + d[4]) * d[5] + d[6],
  seed: 1,
};

/** The same in numpy's own manner: whole arrays, its default generator, one call for three quantiles. Prints seconds. */
const numpyProgram = `
import sys, time
import numpy as np
trials, warm_ups = int(sys.argv[1]), int(sys.argv[2])
def run():
    g = np.random.default_rng(1)
    z = lambda: g.standard_normal(trials)
    ln = lambda median, sigma: np.exp(np.log(median) + sigma * z())
    energy = np.maximum((0.05 + 0.001 * z()) - (0.03 + 0.0015 * z()), 0)
    y = energy * ln(0.4, 0.05) * ln(1, 0.05) * (1 + ln(0.25, 0.2)) * ln(400, 0.1) + ln(0.3, 0.3)
    return y.mean(), y.std(ddof=1), np.quantile(y, [0.025, 0.5, 0.975])
for _ in range(warm_ups): run()
start = time.perf_counter()
run()
print(time.perf_counter() - start)
`;

/** As often as takes about a second, on either side: a compiler or an allocator that has seen the work once is not yet warm. */
function warmUpsFor(trials) {
  return Math.max(1, Math.min(300, Math.round(3e6 / trials)));
}

function numpySeconds(trials) {
  const programArguments = ["-c", numpyProgram, String(trials), String(warmUpsFor(trials))];
  const { status, stdout } = spawnSync("python3", programArguments, { encoding: "utf8" });
  return status === 0 ? Number(stdout) : null;
}

function ourSeconds(trials) {
  for (let run = 0; run < warmUpsFor(trials); run += 1) monteCarlo({ ...task, trials });
  const start = performance.now();
  monteCarlo({ ...task, trials });
  return (performance.now() - start) / 1000;
}

export async function monteCarloSpeed() {
  const hasNumpy = numpySeconds(1000) !== null;
  if (!hasNumpy) console.log("numpy is not installed (Debian: python3-numpy): only our own times are shown.");
  for (const [trials, rounds] of [
    [10_000, 9],
    [1_000_000, 7],
    [10_000_000, 3],
  ]) {
    const subject = { label: "carbon-ops", measure: async () => ourSeconds(trials) };
    if (hasNumpy) {
      const reference = { label: "numpy", measure: async () => numpySeconds(trials) };
      await compare({ title: `Monte Carlo, 7 inputs, ${trials} trials`, unit: "s", rounds, reference, subject });
    }
    const seconds = Math.min(...Array.from({ length: rounds }, () => ourSeconds(trials)));
    console.log(
      `  ${trials} trials: ${seconds.toPrecision(3)} s, ${(trials / seconds / 1e6).toFixed(2)} million trials/s (best of ${rounds})`,
    );
  }
}
