import { CarbonOpsError } from "../../errors.ts";
import { isTable, type JsonTable } from "../json-values.ts";
import type { HttpAnswer } from "./exchange.ts";

/** Sentences about what a service answered. They show a little of a body, and never a secret that the body repeats. */
export interface ServiceVoice {
  readonly service: string;
  /** Texts that no sentence may hold. */
  readonly secrets: readonly string[];
}

/** The JSON object of an answer. Throws INTENSITY_ANSWER_INVALID for a page, plain text, or another JSON value. */
export function objectOf(answer: HttpAnswer, voice: ServiceVoice): JsonTable {
  const value = jsonOf(answer.text);
  if (isTable(value)) return value;
  throw invalidAnswer(voice, `no JSON object (${shownBody(answer, voice)})`);
}

/** Members that services put their words for people into. */
const reasonMembers = ["message", "error", "detail", "error_description", "title"];

/** The words of a JSON body; "" for one without members, null where none of them is known to hold words. */
function saidIn(value: unknown): string | null {
  if (!isTable(value)) return null;
  if (Object.keys(value).length === 0) return "";
  for (const name of reasonMembers) {
    const said = value[name];
    if (typeof said === "string" && said.trim() !== "") return said;
    const inside = saidIn(said);
    if (inside !== null && inside !== "") return inside;
  }
  return null;
}

/** What a body says, where it is JSON; undefined for a page or plain text. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function invalidAnswer({ service }: ServiceVoice, what: string): CarbonOpsError {
  return new CarbonOpsError(
    "INTENSITY_ANSWER_INVALID",
    `The answer of ${service} is refused, because it holds ${what}; another provider may answer.`,
  );
}

/** The error of a status that means the same with every service: 429, 5xx, and whatever is not known. */
export function statusError(answer: HttpAnswer, voice: ServiceVoice): CarbonOpsError {
  const { status } = answer;
  const said = shownBody(answer, voice);
  if (status === 429) {
    const words = `${voice.service} answers that it was asked too often (status 429, ${said}); ask less often, or use a larger plan.`;
    return new CarbonOpsError("INTENSITY_RATE_LIMITED", words);
  }
  if (status === 404) {
    return new CarbonOpsError(
      "INTENSITY_NO_DATA",
      `${voice.service} has no value for that zone and time (status 404, ${said}); another provider may have one.`,
    );
  }
  const code = status >= 500 || status === 403 ? "INTENSITY_UNAVAILABLE" : "INTENSITY_ANSWER_INVALID";
  const advice = status >= 500 ? "try again later" : "check the network between here and the service";
  const words = `${voice.service} answered with status ${status} (${said}); ${advice}.`;
  return new CarbonOpsError(code, words);
}

/** What a body says, in its first words on one line, or what kind of thing it is. */
export function shownBody({ text }: HttpAnswer, { secrets }: ServiceVoice): string {
  if (text.trim() === "") return "an empty body";
  if (/^\s*</.test(text)) return "an HTML page";
  const said = saidIn(jsonOf(text));
  if (said === "") return "no reason given";
  const clean = secrets
    .filter((secret) => secret !== "")
    .reduce((shown, secret) => shown.replaceAll(secret, "[secret]"), said ?? text)
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .replace(/\.$/, "");
  return clean.length > 160 ? `${clean.slice(0, 160)}…` : clean;
}
