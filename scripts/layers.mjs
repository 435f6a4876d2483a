/**
 * The house as data: which room of src/ may import which, and which npm packages. A room is a folder or a single file of
 * src/, the longest match decides; a room that is not named here is an error, so that a new one is a decision.
 *
 * Imports run one way: energy comes in, is attributed, becomes carbon, is recorded, is shown. Below everything are seven
 * files; errors and directories use what thrown knows, the others import nothing of ours.
 */
const ground = ["errors", "thrown", "units", "clock", "snake-case", "nearest", "directories"];

export const rooms = {
  thrown: { imports: [], packages: [] },
  errors: { imports: ["thrown"], packages: [] },
  units: { imports: [], packages: [] },
  clock: { imports: [], packages: [] },
  "snake-case": { imports: [], packages: [] },
  nearest: { imports: [], packages: [] },
  directories: { imports: ["thrown"], packages: [] },

  host: { imports: [...ground], packages: [] },
  // The model reads CPU time and the CPU's name through host/.
  energy: { imports: [...ground, "host"], packages: [] },
  // Calls foreign code; nothing that runs as root imports it.
  "energy/nvml": { imports: [...ground, "energy"], packages: ["koffi"] },
  uncertainty: { imports: [...ground], packages: [] },
  intensity: { imports: [...ground, "uncertainty"], packages: [] },
  // Its lock is a system call that Node.js lacks; without koffi a program makes it.
  ledger: { imports: [...ground], packages: ["koffi"] },
  // For pages: it and all that it imports must do without Node.js, which a test looks at.
  "ledger/browser": {
    imports: [...ground, "ledger/canonical-json", "ledger/merkle-walk", "ledger/weak-key"],
    packages: [],
  },
  config: { imports: [...ground], packages: ["yaml", "zod"] },
  // The test bench for users without hardware shares no arithmetic with what it tests.
  simulate: { imports: [...ground], packages: [] },

  "governor/protocol": { imports: [...ground], packages: [] },
  "governor/client": { imports: [...ground, "governor/protocol"], packages: [] },
  // Runs as root: built-in modules only.
  "governor/daemon": { imports: [...ground, "governor/protocol", "energy", "host"], packages: [] },

  discovery: { imports: [...ground, "governor/client", "governor/protocol", "energy", "host"], packages: [] },
  attribution: { imports: [...ground, "energy", "host", "uncertainty"], packages: [] },
  carbon: { imports: [...ground, "intensity", "uncertainty", "energy"], packages: [] },
  // The canonical form only: a record knows how it is written, not where.
  record: { imports: [...ground, "ledger/canonical-json", "carbon"], packages: ["zod"] },

  monitor: {
    imports: [...ground, "discovery", "attribution", "carbon", "record", "ledger", "config", "host", "energy"],
    packages: [],
  },
  // Runs commands in turns and says which of them takes less.
  comparison: {
    imports: [...ground, "monitor", "attribution", "carbon", "energy", "uncertainty"],
    packages: [],
  },
  exporters: { imports: [...ground, "governor/client", "monitor", "carbon", "record"], packages: [] },
  // The API of OpenTelemetry is an optional peer, which is loaded only when asked for.
  "exporters/otel": {
    imports: [...ground, "exporters/prometheus-steady", "monitor", "carbon"],
    packages: ["@opentelemetry/api"],
  },
  // Shows what the rooms below found, so it names their types; it computes nothing.
  report: {
    imports: [
      ...ground,
      "monitor",
      "comparison",
      "carbon",
      "record",
      "ledger",
      "discovery",
      "intensity",
      "energy",
      "host",
    ],
    packages: [],
  },

  index: { imports: "every room but cli", packages: [] },
  register: { imports: "every room but cli", packages: [] },
  cli: { imports: "every room", packages: ["commander"] },
};

/**
 * Only these touch the process, the console, real clocks and the kernel's real folders; everywhere else they are
 * parameters, so that a test can hand in its own.
 */
export const compositionRoots = {
  "cli/bin.ts": "the command line starts here",
  "monitor/energy-logger.ts": "EnergyLogger.open() is where the library meets the process it measures",
  "register.ts": "the zero-code start",
  "governor/daemon/main.ts": "the daemon starts here",
};

/** No composition roots, and still free to name what only those may touch; each with its reason. */
export const exceptions = {
  "clock.ts": "declares the real clock that the roots hand on",
  "governor/daemon/options.ts": "says in words which kernel folders are the default",
  "config/settings.ts": "says in words which kernel folders are the default",
};
