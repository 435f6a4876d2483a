/**
 * Milliseconds that a Retry-After header (RFC 9110, 10.2.3) asks to wait: seconds, or a date, which is compared with the
 * server's own clock where the answer holds it. Null for what is neither.
 */
export function retryAfterMs(header: string | null, serverDateMs: number | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const untilMs = Date.parse(header);
  return Number.isFinite(untilMs) ? Math.max(0, untilMs - (serverDateMs ?? nowMs)) : null;
}
