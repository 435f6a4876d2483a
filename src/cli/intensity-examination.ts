import type { Settings } from "../config/settings.ts";
import { type OpenedIntensity, openIntensity } from "../intensity/open-intensity.ts";
import { credentialState, serviceNames } from "../intensity/service-credentials.ts";
import type { DoctorFindings, ProviderExamination } from "../report/terminal/doctor.ts";
import type { CommandContext } from "./context.ts";

/** A zone that every plan of the service covers, so that what is found is about the connection and the key. */
const zonesToAsk: ReadonlyMap<string, string> = new Map([
  ["electricity-maps", "DE"],
  ["watttime", "US-CAL-CISO"],
  ["uk-carbon-intensity", "GB"],
]);

/** Answers that show the service reached and the key taken, although it has no value. */
const reachedCodes: readonly string[] = ["INTENSITY_PLAN", "INTENSITY_NO_DATA"];

/** Which providers are asked, with which credentials; over the network only when `isOnline`. Credentials are never shown. */
export async function examineIntensity(
  settings: Settings,
  { clock, environment }: CommandContext,
  isOnline: boolean,
): Promise<DoctorFindings["intensity"]> {
  const intensity = openIntensity(settings, { environment, clock });
  const asked = Object.keys(intensity.counters);
  const isOffline = settings.intensityOffline === "yes";
  const nowMs = clock.wallMs();
  const providers: ProviderExamination[] = [];
  const counters = new Map<string, object>();
  for (const id of [...asked, ...serviceNames.filter((name) => !asked.includes(name))]) {
    const { state, reason } = credentialState(id, environment, settings.credentialsDirectory);
    const isAsked = asked.includes(id);
    const words = [isAsked ? "asked" : "not asked", credentialWords(state, reason)];
    let isReachable: boolean | null = null;
    if (isOnline && isAsked && zonesToAsk.has(id)) {
      const alone = openIntensity({ ...settings, intensityProviders: id }, { environment, clock });
      const failure = await failureOf(alone, zonesToAsk.get(id) ?? "", nowMs);
      isReachable = failure === null;
      words.push(failure ?? "it answers");
      counters.set(id, alone.counters[id] ?? {});
    } else counters.set(id, intensity.counters[id] ?? {});
    if (isAsked && isReachable === null && zonesToAsk.has(id)) words.push("--online asks it");
    if (!isAsked && state === "not_needed") words.push("name it with --intensity");
    const why = words.filter((word) => word !== null).join("; ");
    providers.push({ id, isAsked, credentials: state, isReachable, why: `${why}.`.replace(/\.\.$/, ".") });
  }
  return { isOffline, providers, counters: new Map([...counters].filter(([id]) => asked.includes(id))) };
}

function credentialWords(state: ProviderExamination["credentials"], reason: string | null): string | null {
  if (state === "found") return "credentials found";
  return state === "not_needed" ? null : (reason ?? state);
}

async function failureOf(intensity: OpenedIntensity, zone: string, nowMs: number): Promise<string | null> {
  const { average, marginal } = await intensity.lookup({ startMs: nowMs - 3 * 3_600_000, endMs: nowMs }, zone);
  const attempts = [...average.attempts, ...marginal.attempts].filter(({ outcome }) => outcome !== "not_asked");
  const isReached = attempts.some(
    ({ outcome, code }) => (outcome === "answered" && code === null) || reachedCodes.includes(code ?? ""),
  );
  return isReached ? null : (attempts.find(({ reason }) => reason !== null)?.reason ?? "it does not answer");
}
