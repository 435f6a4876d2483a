import { z } from "zod";

/**
 * The one schema of the configuration. Every setting says what is allowed, in words that end an error sentence, and which
 * environment variables may hold it (ours first, then the Python original's name where it had one).
 */

const positiveNumber = z.number().positive().finite();

/** A PUE profile's name, or a number of at least 1 (written as text on the command line and in the environment). */
const pueSetting = z.union([z.number().min(1).max(100), z.string().min(1)]);

export const settingsSchema = z.strictObject({
  region: z
    .string()
    .trim()
    .min(1)
    .meta({ description: "Where the electricity comes from: a country, grid zone or cloud region." }),
  pue: pueSetting.meta({
    description: "Power usage effectiveness: a number of at least 1, or a profile such as hyperscale.",
  }),
  wallFactor: z
    .number()
    .min(1)
    .max(100)
    .meta({ description: "Joules at the plug for one joule that the counters see." }),
  level: z.number().min(0.01).max(0.999999).meta({ description: "Level of the coverage interval." }),
  energySource: z
    .enum(["auto", "governor", "powercap", "msr", "model"])
    .meta({ description: "Where joules come from." }),
  cpuTdpWatts: z
    .number()
    .positive()
    .max(100_000)
    .meta({ description: "Thermal design power of one CPU package, for the power model." }),
  idleBaselineWatts: z
    .number()
    .min(0)
    .max(1_000_000)
    .meta({ description: "Power of the idle host, as the energy source sees it." }),
  sampleIntervalSeconds: z
    .number()
    .min(0.1)
    .max(60)
    .meta({ description: "Time between two readings of counters and CPU time." }),
  ledger: z.string().min(1).meta({ description: "Ledger file that records are appended to." }),
  ledgerKey: z.string().min(1).meta({ description: "Private key file that signs the ledger's checkpoints." }),
  ledgerPassphraseFile: z
    .string()
    .min(1)
    .meta({ description: "File with the passphrase of an encrypted signing key, readable by you alone." }),
  labels: z.record(z.string().min(1), z.string()).meta({ description: "Labels written into every record." }),
  maxGrams: positiveNumber.meta({ description: "Budget of a run in grams of CO2e." }),
  maxWh: positiveNumber.meta({ description: "Budget of a run in watt-hours of task energy." }),
  budgetOn: z
    .enum(["upper", "mean"])
    .meta({ description: "What a budget is compared with: the interval's upper limit or the mean." }),
  historyLimit: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .meta({ description: "Metrics that an EnergyLogger keeps in memory." }),
  intervalSeconds: z
    .number()
    .min(1)
    .max(3600)
    .meta({ description: "Time over which the tasks of a service are summed, in what is handed on." }),
  recordIntervalSeconds: z
    .number()
    .min(1)
    .max(86_400)
    .meta({ description: "Time over which the tasks of a service are summed, in what is recorded." }),
  records: z.enum(["interval", "task", "none"]).meta({
    description: "What an application records: each name of its tasks by the interval, each task, or nothing.",
  }),
  prometheusPort: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .meta({ description: "Port on which a watched service shows its figures to Prometheus, at /metrics." }),
  prometheusHost: z.string().min(1).meta({ description: "Address of that port." }),
  summary: z.string().min(1).meta({
    description:
      "Where a watched service tells at its end what its tasks used: a line of JSON is added to a file, or text is written to stderr.",
  }),
  serverTiming: z.enum(["yes", "no"]).meta({
    description: "Whether responses of a watched service have a Server-Timing header with CPU time and energy so far.",
  }),
  routes: z.string().min(1).meta({
    description:
      "Routes of a watched service whose framework tells nobody of them, as patterns such as /users/:id and /files/*; the first that fits names a request.",
  }),
  procRoot: z.string().startsWith("/").meta({ description: "Where the host's /proc is mounted, for containers." }),
  sysRoot: z.string().startsWith("/").meta({ description: "Where the host's /sys is mounted, for containers." }),
  nvmlLibrary: z.string().min(1).meta({
    description:
      "NVIDIA's management library: a file, or a name that the system finds. Not in a file of settings: those are data.",
  }),
  governorSocket: z.string().startsWith("/").meta({ description: "The socket of carbon-ops governor." }),
  msrRoot: z.string().startsWith("/").meta({ description: "Directory that holds the registers of each CPU as N/msr." }),
  intensityProviders: z
    .string()
    .trim()
    .min(1)
    .meta({ description: "Where carbon intensities come from, in the order that providers are asked." }),
  intensityOffline: z
    .enum(["yes", "no"])
    .meta({ description: "Whether only stored and packaged carbon intensities are used, without any request." }),
  intensityFile: z.string().min(1).meta({ description: "A file of your own carbon intensities, JSON or CSV." }),
  intensityZones: z
    .record(z.string().min(1), z.string().min(1))
    .meta({ description: "Which zone of a provider stands for one of ours." }),
  intensityTimeoutSeconds: z
    .number()
    .min(0.1)
    .max(300)
    .meta({ description: "Longest wait for one answer of a provider of carbon intensities." }),
  cacheDirectory: z.string().min(1).meta({ description: "Directory of what may be fetched again." }),
  credentialsDirectory: z
    .string()
    .min(1)
    .meta({ description: "Directory with the keys of providers, one a file, readable by you alone." }),
});

export type SettingName = keyof typeof settingsSchema.shape;
/** Every setting is optional: whoever uses it decides what its absence means. */
export const partialSettingsSchema = settingsSchema.partial();
export type Settings = z.infer<typeof partialSettingsSchema>;

export interface SettingDescription {
  /** What a value must be, ending the sentence "… must be". */
  readonly allowed: string;
  /** How text from the environment becomes a value; a path in a configuration file is relative to that file. */
  readonly form: "text" | "path" | "number" | "number-or-text" | "labels";
  /** Environment variables, first one wins. */
  readonly environment: readonly string[];
  /** How it is written on the command line, where commands offer it. */
  readonly flag: string | null;
  /** Names code that is loaded: refused in a configuration file, which may be found in a directory of somebody else's. */
  readonly namesCode?: true;
  /** What holds when nothing sets it, in words for docs/configuration.md alone: whoever uses the setting decides it. */
  readonly fallback: string;
}

export const settingDescriptions: Readonly<Record<SettingName, SettingDescription>> = {
  region: {
    allowed: "the name of a region (see `carbon-ops regions`)",
    form: "text",
    environment: ["CARBON_OPS_REGION", "DCL_DEFAULT_REGION"],
    flag: "--region <name>",
    fallback: "none: the world average, flagged as a fallback",
  },
  pue: {
    allowed: "a number from 1 to 100 or the name of a PUE profile",
    form: "number-or-text",
    environment: ["CARBON_OPS_PUE", "DCL_PUE_DEFAULT"],
    flag: "--pue <number|profile>",
    fallback: "by region: the cloud provider's own figure, otherwise the estimator's default",
  },
  wallFactor: {
    allowed: "a number from 1 to 100",
    form: "number",
    environment: ["CARBON_OPS_WALL_FACTOR"],
    flag: "--wall-factor <number>",
    fallback: "by energy source: 1 where joules are counted at the plug",
  },
  level: {
    allowed: "a number from 0.01 to 0.999999, such as 0.95",
    form: "number",
    environment: ["CARBON_OPS_LEVEL"],
    flag: "--level <probability>",
    fallback: "0.95",
  },
  energySource: {
    allowed: "auto, governor, powercap, msr or model",
    form: "text",
    environment: ["CARBON_OPS_ENERGY_SOURCE"],
    flag: "--energy-source <name>",
    fallback: "auto",
  },
  cpuTdpWatts: {
    allowed: "a number of watts, above 0 and at most 100000",
    form: "number",
    environment: ["CARBON_OPS_CPU_TDP_WATTS", "CPU_TDP_WATTS"],
    flag: "--cpu-tdp-watts <watts>",
    fallback: "none: the CPU's family decides",
  },
  idleBaselineWatts: {
    allowed: "a number of watts from 0 to 1000000",
    form: "number",
    environment: ["CARBON_OPS_IDLE_BASELINE_WATTS", "IDLE_BASELINE_WATTS"],
    flag: "--idle-watts <watts>",
    fallback: "none for counters, the model's own for the model",
  },
  sampleIntervalSeconds: {
    allowed: "a number of seconds from 0.1 to 60",
    form: "number",
    environment: ["CARBON_OPS_SAMPLE_INTERVAL_SECONDS"],
    flag: "--interval <seconds>",
    fallback: "1",
  },
  ledger: {
    allowed: "the path of a ledger file",
    form: "path",
    environment: ["CARBON_OPS_LEDGER"],
    flag: "--ledger <file>",
    fallback: "none: nothing is recorded",
  },
  ledgerKey: {
    allowed: "the path of a private key file",
    form: "path",
    environment: ["CARBON_OPS_LEDGER_KEY"],
    flag: "--ledger-key <file>",
    fallback: "the user's own key, created when first needed",
  },
  ledgerPassphraseFile: {
    allowed: "the path of a file with the passphrase of the signing key",
    form: "path",
    environment: ["CARBON_OPS_LEDGER_PASSPHRASE_FILE"],
    flag: null,
    fallback: "none: the signing key is not encrypted",
  },
  labels: {
    allowed: "labels of the form key=value, separated by commas",
    form: "labels",
    environment: ["CARBON_OPS_LABELS"],
    flag: "--label <key=value>",
    fallback: "none",
  },
  maxGrams: {
    allowed: "a positive number of grams",
    form: "number",
    environment: ["CARBON_OPS_MAX_GRAMS"],
    flag: "--max-grams <grams>",
    fallback: "none",
  },
  maxWh: {
    allowed: "a positive number of watt-hours",
    form: "number",
    environment: ["CARBON_OPS_MAX_WH"],
    flag: "--max-wh <watt-hours>",
    fallback: "none",
  },
  budgetOn: {
    allowed: "upper or mean",
    form: "text",
    environment: ["CARBON_OPS_BUDGET_ON"],
    flag: "--budget-on <upper|mean>",
    fallback: "upper",
  },
  historyLimit: {
    allowed: "a whole number from 1 to 1000000",
    form: "number",
    environment: ["CARBON_OPS_HISTORY_LIMIT"],
    flag: null,
    fallback: "10000",
  },
  intervalSeconds: {
    allowed: "a number of seconds from 1 to 3600",
    form: "number",
    environment: ["CARBON_OPS_INTERVAL_SECONDS"],
    flag: null,
    fallback: "60",
  },
  recordIntervalSeconds: {
    allowed: "a number of seconds from 1 to 86400",
    form: "number",
    environment: ["CARBON_OPS_RECORD_INTERVAL_SECONDS"],
    flag: null,
    fallback: "3600",
  },
  records: {
    allowed: "interval, task or none",
    form: "text",
    environment: ["CARBON_OPS_RECORDS"],
    flag: null,
    fallback: "interval, where there is a ledger",
  },
  prometheusPort: {
    allowed: "a whole number from 0 (any port that is free) to 65535",
    form: "number",
    environment: ["CARBON_OPS_PROMETHEUS_PORT"],
    flag: null,
    fallback: "none: no page is served",
  },
  prometheusHost: {
    allowed: "an address of this host or a name that has one",
    form: "text",
    environment: ["CARBON_OPS_PROMETHEUS_HOST"],
    flag: null,
    fallback: "127.0.0.1: this host alone",
  },
  summary: {
    allowed: "stderr, none or the path of a file, from the working directory",
    form: "text",
    environment: ["CARBON_OPS_SUMMARY"],
    flag: null,
    fallback: "none",
  },
  serverTiming: {
    allowed: "yes or no",
    form: "text",
    environment: ["CARBON_OPS_SERVER_TIMING"],
    flag: null,
    fallback: "no",
  },
  routes: {
    allowed: "patterns that begin with a slash, separated by commas",
    form: "text",
    environment: ["CARBON_OPS_ROUTES"],
    flag: null,
    fallback: "none",
  },
  procRoot: {
    allowed: "an absolute path",
    form: "text",
    environment: ["CARBON_OPS_PROC_ROOT"],
    flag: null,
    fallback: "/proc",
  },
  sysRoot: {
    allowed: "an absolute path",
    form: "text",
    environment: ["CARBON_OPS_SYS_ROOT"],
    flag: null,
    fallback: "/sys",
  },
  nvmlLibrary: {
    allowed: "the path or name of a library",
    form: "text",
    environment: ["CARBON_OPS_NVML_LIBRARY"],
    flag: null,
    namesCode: true,
    fallback: "libnvidia-ml.so.1",
  },
  governorSocket: {
    allowed: "an absolute path",
    form: "text",
    environment: ["CARBON_OPS_GOVERNOR_SOCKET"],
    flag: "--governor-socket <path>",
    fallback: "/var/run/carbon-ops.sock",
  },
  msrRoot: {
    allowed: "an absolute path",
    form: "text",
    environment: ["CARBON_OPS_MSR_ROOT"],
    flag: "--msr-root <dir>",
    fallback: "/dev/cpu",
  },
  intensityProviders: {
    allowed: "provider names, separated by commas, such as electricity-maps,static",
    form: "text",
    environment: ["CARBON_OPS_INTENSITY_PROVIDERS"],
    flag: "--intensity <providers>",
    fallback: "the file, the services that there are keys for, then static",
  },
  intensityOffline: {
    allowed: "yes or no",
    form: "text",
    environment: ["CARBON_OPS_INTENSITY_OFFLINE"],
    flag: "--offline",
    fallback: "no",
  },
  intensityFile: {
    allowed: "the path of a file of intensities",
    form: "path",
    environment: ["CARBON_OPS_INTENSITY_FILE"],
    flag: "--intensity-file <file>",
    fallback: "none",
  },
  intensityZones: {
    allowed: "pairs of the form provider/zone=its-zone, separated by commas, such as watttime/GB=UK",
    form: "labels",
    environment: ["CARBON_OPS_INTENSITY_ZONES"],
    flag: null,
    fallback: "the packaged mapping",
  },
  intensityTimeoutSeconds: {
    allowed: "a number of seconds from 0.1 to 300",
    form: "number",
    environment: ["CARBON_OPS_INTENSITY_TIMEOUT_SECONDS"],
    flag: null,
    fallback: "10",
  },
  cacheDirectory: {
    allowed: "the path of a directory",
    form: "path",
    environment: ["CARBON_OPS_CACHE_DIRECTORY"],
    flag: null,
    fallback: "carbon-ops in the user's cache directory",
  },
  credentialsDirectory: {
    allowed: "the path of a directory",
    form: "path",
    environment: ["CARBON_OPS_CREDENTIALS_DIRECTORY"],
    flag: null,
    fallback: "none, except that of systemd's LoadCredential",
  },
};

export const settingNames: readonly SettingName[] = settingsSchema.keyof().options;
