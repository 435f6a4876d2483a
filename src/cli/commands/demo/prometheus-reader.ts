import { type CountUnit, joulesOfCounts, microjouleUnit } from "./counter-readers.ts";
import type { DemonstratedCounter } from "./demonstrated-counter.ts";
import { type PrometheusServer, type QuerySeries, startPrometheus } from "./prometheus-server.ts";

/** What a reader made of the counter. */
export interface Reckoning {
  readonly name: string;
  readonly joules: number;
  readonly wrapsSeen: number;
  readonly points: readonly (readonly [seconds: number, joules: number])[];
}

export interface PrometheusReckoning {
  readonly version: string | null;
  readonly scrapeCount: number;
  readonly problem: string | null;
  readonly readers: readonly (Reckoning & { readonly counter: "register" | "microjoules" })[];
}

/** A real Prometheus that scrapes the demonstration's counter, or why there is none. */
export interface PrometheusBeside {
  /** From now on its scrapes find the counter. */
  begin(): void;
  /** What it makes of the time since `begin`, of which each second was so many of the counter's. Never rejects. */
  end(speed: number): Promise<PrometheusReckoning>;
  close(): void;
}

interface BesideRequest {
  readonly counter: DemonstratedCounter;
  /** Real time between two scrapes; null where no real time passes. */
  readonly scrapeMilliseconds: number | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Gives the wait for it up. */
  readonly signal: AbortSignal;
  wallMs(): number;
}

export async function prometheusBeside(request: BesideRequest): Promise<PrometheusBeside> {
  const { counter, scrapeMilliseconds, environment, signal } = request;
  if (scrapeMilliseconds === null) return absent("with --fast no time passes in which it could scrape");
  let startMs: number | null = null;
  const server = await startPrometheus({
    scrapeMilliseconds,
    environment,
    signal,
    page: () => (startMs === null ? "" : counterPage(counter)),
  });
  if (typeof server === "string") return absent(server);
  return {
    begin: () => {
      startMs = request.wallMs();
    },
    end: async (speed) => {
      const endMs = request.wallMs();
      try {
        return await reckoningOf(server, counter, { startMs: startMs ?? endMs, endMs, speed });
      } catch (error) {
        return none(error instanceof Error ? error.message : "it did not answer");
      }
    },
    close: () => server.close(),
  };
}

function absent(problem: string): PrometheusBeside {
  return { begin: () => undefined, end: async () => none(problem), close: () => undefined };
}

function none(problem: string): PrometheusReckoning {
  return { version: null, scrapeCount: 0, problem, readers: [] };
}

const registerMetric = "demo_register_counts_total";
const microjoulesMetric = "demo_microjoules_32bit_total";

function counterPage(counter: DemonstratedCounter): string {
  const { register, microjoules32 } = counter.sample();
  return [
    `# TYPE ${registerMetric} counter\n${registerMetric} ${register}\n`,
    `# TYPE ${microjoulesMetric} counter\n${microjoulesMetric} ${microjoules32}\n`,
  ].join("");
}

interface Window {
  readonly startMs: number;
  readonly endMs: number;
  readonly speed: number;
}

async function reckoningOf(
  server: PrometheusServer,
  counter: DemonstratedCounter,
  window: Window,
): Promise<PrometheusReckoning> {
  const register = await readerOf(server, registerMetric, counter.rule, window);
  const microjoules = await readerOf(server, microjoulesMetric, microjouleUnit, window);
  if (register === null || microjoules === null) return none("it scraped less than twice in this time");
  const name = (what: string): string => `Prometheus ${server.version}, ${what}, increase()`;
  return {
    version: server.version,
    scrapeCount: register.points.length,
    problem: null,
    readers: [
      { ...register, name: name("register"), counter: "register" },
      { ...microjoules, name: name("32 bits of microjoules"), counter: "microjoules" },
    ],
  };
}

/** By its own functions over the whole time: increase() for energy, resets() for the decreases that it saw. Null where it has none. */
async function readerOf(
  server: PrometheusServer,
  metric: string,
  unit: CountUnit,
  { startMs, endMs, speed }: Window,
): Promise<Omit<Reckoning, "name"> | null> {
  const range = `${metric}[${Math.ceil(endMs - startMs)}ms]`;
  const increase = firstValueOf(await server.query(`increase(${range})`, endMs));
  const resets = firstValueOf(await server.query(`resets(${range})`, endMs));
  const [scraped] = await server.query(range, endMs);
  if (increase === null || resets === null || scraped === undefined) return null;
  const joulesOf = (counts: number): number => joulesOfCounts(BigInt(Math.round(counts)), unit);
  return {
    joules: joulesOf(increase),
    wrapsSeen: resets,
    points: risen(scraped.samples).map(([seconds, counts]) => [(seconds - startMs / 1000) * speed, joulesOf(counts)]),
  };
}

function firstValueOf([first]: readonly QuerySeries[]): number | null {
  return first?.samples[0]?.[1] ?? null;
}

/** The scraped values as increase() adds them up before it extrapolates: a decrease is a restart at 0. */
function risen(samples: QuerySeries["samples"]): QuerySeries["samples"] {
  let counts = 0;
  return samples.map(([seconds, value], index) => {
    const before = samples[index - 1]?.[1];
    if (before !== undefined) counts += value < before ? value : value - before;
    return [seconds, counts] as const;
  });
}
