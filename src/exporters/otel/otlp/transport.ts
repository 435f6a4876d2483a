import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { messageOf, systemErrorCode } from "../../../errors.ts";
import type { OtlpSettings } from "./environment.ts";

export interface OtlpAnswer {
  readonly status: number;
  /** Milliseconds that the receiver asks to be left alone for; null where it says nothing. */
  readonly retryAfterMs: number | null;
  readonly body: string;
}

/** One request under way. */
export interface OtlpRequest {
  /** Rejects where there is no answer within the time-out, or not at all; the message says why. */
  readonly answer: Promise<OtlpAnswer>;
  /** From now on it keeps the process open until it is answered, but no longer than this. */
  keepOpen(milliseconds: number): void;
  abandon(): void;
}

const longestBody = 65_536;
const compressed = promisify(gzip);

/** Sends one payload. Its connection is its own and keeps no process open. */
export function postOtlp(
  payload: string,
  settings: Pick<OtlpSettings, "url" | "headers" | "timeoutMs" | "compress">,
  wallMs: () => number,
): OtlpRequest {
  let socket: Socket | null = null;
  let keepsOpen = false;
  let abandon = (): void => undefined;
  const hold = (): void => {
    if (keepsOpen) socket?.ref();
    else socket?.unref();
  };
  const send = async (): Promise<OtlpAnswer> => {
    const body = settings.compress ? await compressed(payload) : Buffer.from(payload);
    return new Promise((resolve, reject) => {
      const start = settings.url.protocol === "https:" ? httpsRequest : httpRequest;
      const request = start(settings.url, {
        method: "POST",
        agent: false,
        headers: {
          "user-agent": "carbon-ops",
          ...settings.headers,
          "content-type": "application/json",
          "content-length": body.length,
          ...(settings.compress ? { "content-encoding": "gzip" } : {}),
          connection: "close",
        },
      });
      const timer = setTimeout(() => {
        request.destroy(new Error(`there was no answer within ${settings.timeoutMs} ms`));
      }, settings.timeoutMs).unref();
      const finish = (): void => clearTimeout(timer);
      abandon = () => void request.destroy(new Error("it was not waited for any longer"));
      request.on("socket", (opened) => {
        socket = opened;
        hold();
      });
      request.on("error", (error) => {
        finish();
        reject(error);
      });
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > longestBody) request.destroy(new Error("the answer is longer than 64 KiB"));
          else chunks.push(chunk);
        });
        response.on("error", (error) => {
          finish();
          reject(error);
        });
        response.on("end", () => {
          finish();
          const retryAfterMs = retryAfterOf(response.headers["retry-after"], wallMs());
          resolve({ status: response.statusCode ?? 0, retryAfterMs, body: Buffer.concat(chunks).toString("utf8") });
        });
      });
      request.end(body);
    });
  };
  return {
    answer: send(),
    keepOpen(milliseconds) {
      keepsOpen = true;
      hold();
      setTimeout(() => {
        keepsOpen = false;
        hold();
      }, milliseconds).unref();
    },
    abandon: () => abandon(),
  };
}

/** Seconds, or a date of HTTP (RFC 9110, 10.2.3). */
function retryAfterOf(text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null;
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "the connection was reset",
  ENOTFOUND: "its name has no address",
  EAI_AGAIN: "its name cannot be looked up now",
  EHOSTUNREACH: "it cannot be reached",
  ENETUNREACH: "it cannot be reached",
  ETIMEDOUT: "it did not answer",
};

export function reasonOf(error: unknown): string {
  return reasons[systemErrorCode(error) ?? ""] ?? messageOf(error);
}
