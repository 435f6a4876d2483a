import { parseFiniteNumber } from "./number.ts";

const secondsPerUnit: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  min: 60,
  h: 3600,
  d: 86_400,
};

/** Seconds of "90", "90s", "1.5h", "2h30m" or "1d 12h"; null when the text is no duration. Negative text is none either. */
export function parseDurationSeconds(text: string): number | null {
  const trimmed = text.trim();
  const plain = parseFiniteNumber(trimmed);
  if (plain !== null) return plain >= 0 ? plain : null;
  if (!/^(\d+(\.\d+)?\s*(ms|min|[smhd])\s*)+$/.test(trimmed)) return null;
  let seconds = 0;
  for (const [, amount = "", unit = ""] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|min|[smhd])/g)) {
    seconds += Number(amount) * (secondsPerUnit[unit] ?? 0);
  }
  return Number.isFinite(seconds) ? seconds : null;
}
