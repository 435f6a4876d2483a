import { carbonOps, timeCommand } from "./child-process.mjs";
import { compare } from "./harness.mjs";

/** What loading the program costs beside loading Node.js. */
const secondsOf = async (programArguments) => (await timeCommand(process.execPath, programArguments)).seconds;

for (const programArguments of [["--version"], ["--help"], ["run", "--help"]]) {
  await compare({
    title: `wall time of carbon-ops ${programArguments.join(" ")}`,
    unit: "s",
    rounds: 15,
    reference: { label: "node -e 0", measure: () => secondsOf(["-e", "0"]) },
    subject: {
      label: `carbon-ops ${programArguments.join(" ")}`,
      measure: () => secondsOf([carbonOps, ...programArguments]),
    },
  });
}
