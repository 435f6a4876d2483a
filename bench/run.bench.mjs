import { fileURLToPath } from "node:url";
import { carbonOps, ownCpuSeconds, timeCommand } from "./child-process.mjs";
import { compare } from "./harness.mjs";

/** What `carbon-ops run -- COMMAND` costs beside COMMAND alone. */
const node = process.execPath;
/** Several seconds on one core: long enough for regular samples. */
const busyWork = [fileURLToPath(new URL("../examples/cpu-bound.mjs", import.meta.url))];
const streamedBytes = 100_000_000;
const streamedWork = ["head", "-c", String(streamedBytes), "/dev/zero"];

const secondsOf = async (program, ...programArguments) => (await timeCommand(program, programArguments)).seconds;

await compare({
  title: "wall time of a command that does nothing",
  unit: "s",
  rounds: 11,
  reference: { label: "true", measure: () => secondsOf("true") },
  subject: { label: "carbon-ops run -- true", measure: () => secondsOf(node, carbonOps, "run", "--", "true") },
});

await compare({
  title: "wall time of a busy command",
  unit: "s",
  rounds: 5,
  reference: { label: "node cpu-bound.mjs", measure: () => secondsOf(node, ...busyWork) },
  subject: {
    label: "carbon-ops run -- node cpu-bound.mjs",
    measure: () => secondsOf(node, carbonOps, "run", "--", node, ...busyWork),
  },
});

await compare({
  title: "CPU time of carbon-ops itself, of the CPU time of the busy command that it measures",
  unit: "s",
  rounds: 3,
  reference: { label: "node cpu-bound.mjs", measure: () => ownCpuSeconds(busyWork) },
  subject: {
    label: "carbon-ops run, itself only",
    measure: () => ownCpuSeconds([carbonOps, "run", "--", node, ...busyWork]),
  },
});

await compare({
  title: "100 MB through stdout",
  unit: "MB/s",
  rounds: 7,
  higherIsBetter: true,
  reference: { label: streamedWork.join(" "), measure: () => throughput(...streamedWork) },
  subject: {
    label: "carbon-ops run -- head -c 100000000 …",
    measure: () => throughput(node, carbonOps, "run", "--", ...streamedWork),
  },
});

/** MB/s from the first byte to the last; what carbon-ops needs to start is measured above. */
async function throughput(program, ...programArguments) {
  const { streamSeconds, stdoutBytes } = await timeCommand(program, programArguments);
  if (stdoutBytes < streamedBytes) throw new Error(`only ${stdoutBytes} of ${streamedBytes} bytes arrived`);
  return stdoutBytes / 1e6 / streamSeconds;
}
