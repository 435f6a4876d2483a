/**
 * A finite number from text, or null. Stricter than Number(): no empty text, no "0x10", no "1_000", no "Infinity", so that
 * what a person typed by mistake is not taken for a quantity.
 */
export function parseFiniteNumber(text: string): number | null {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : null;
}
