import { CarbonOpsError } from "../errors.ts";
import { invalidAnswer, objectOf, type ServiceVoice, shownBody, statusError } from "./http/service-answer.ts";
import { textIn } from "./json-values.ts";
import type { ServiceSettings } from "./service.ts";

export interface WattTimeLogin {
  readonly username: string;
  readonly password: string;
}

export interface WattTimeSession {
  /** The token in use; a login when there is none, or when it is about to end. */
  token(): Promise<string>;
  /** Another token in the place of one that was refused; whoever comes second gets the one that the first has fetched. */
  renewed(refused: string): Promise<string>;
  /** Knows every secret of the session, so that no sentence repeats one. */
  voice(): ServiceVoice;
}

/** A token holds for 30 minutes: it is replaced before that, so that none ends on its way. */
const tokenLifeNs = 25n * 60n * 1_000_000_000n;

/** Logs in once for all questions: `/login` takes 100 calls in five minutes. */
export function wattTimeSession(settings: ServiceSettings & WattTimeLogin): WattTimeSession {
  const { clock } = settings;
  let current: { readonly token: string; readonly endsNs: bigint } | null = null;
  let login: Promise<string> | null = null;
  // The login is everybody's: no single caller's signal ends it.
  const fresh = (): Promise<string> => {
    login ??= logIn(settings)
      .then((token) => {
        current = { token, endsNs: clock.monotonicNs() + tokenLifeNs };
        return token;
      })
      .finally(() => {
        login = null;
      });
    return login;
  };
  return {
    async token() {
      return current !== null && clock.monotonicNs() < current.endsNs ? current.token : fresh();
    },
    async renewed(refused) {
      return current !== null && current.token !== refused ? current.token : fresh();
    },
    voice() {
      const { service, secrets } = loginVoice(settings);
      return { service, secrets: [...secrets, current?.token ?? ""] };
    },
  };
}

function loginVoice({ username, password }: WattTimeLogin): ServiceVoice {
  return { service: "WattTime", secrets: [basic(username, password), password, JSON.stringify(password).slice(1, -1)] };
}

async function logIn(settings: ServiceSettings & WattTimeLogin): Promise<string> {
  const { http, counters, baseUrl, username, password } = settings;
  const voice = loginVoice(settings);
  const url = new URL(`${baseUrl.replace(/\/+$/, "")}/login`);
  const headers = { authorization: `Basic ${basic(username, password)}` };
  const answer = await http.get({ url, headers, signal: undefined, counters });
  if (answer.status === 401 || (answer.status === 403 && !/^\s*</.test(answer.text))) {
    throw new CarbonOpsError(
      "INTENSITY_CREDENTIALS",
      `WattTime refuses the user name and password (${shownBody(answer, voice)}); set valid ones in CARBON_OPS_WATTTIME_USERNAME and CARBON_OPS_WATTTIME_PASSWORD.`,
    );
  }
  if (answer.status !== 200) throw statusError(answer, voice);
  const token = textIn(objectOf(answer, voice), "token");
  // A character that no header may hold would end in an error that shows the token.
  if (token === null || !/^[\x21-\x7e]+$/.test(token)) throw invalidAnswer(voice, "no token");
  return token;
}

function basic(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString("base64");
}
